import { useEffect, useRef, useState } from 'react';
import { Lines } from '../chart/Lines';
import { count, rate } from '../format';
import { useParam } from '../router';

const points = 300;
const feedMs = 100;
const frameMs = 1000 / 60;

interface Feed {
  times: number[];
  values: number[][];
}

function fresh(charts: number): Feed {
  const now = Date.now();
  const times = Array.from({ length: points }, (_, i) => now - (points - i) * feedMs);
  return { times, values: Array.from({ length: charts }, (_, c) => times.map((t) => wave(c, t))) };
}
const wave = (chart: number, t: number) => 1000 + 400 * Math.sin(t / 3000 + chart) + 100 * Math.sin(t / 170 + chart * 7);

// How many charts this browser draws without dropping frames: made-up lines, ten new points a second each.
export default function Check() {
  const [charts] = useParam('charts', '20');
  const n = Math.max(1, Math.min(100, Number(charts) || 20));
  const [feed, setFeed] = useState(() => fresh(n));
  const [frames, setFrames] = useState({ drawn: 0, long: 0, seconds: 0, longest: 0 });
  const seen = useRef({ drawn: 0, long: 0, from: 0, last: 0, longest: 0 });
  useEffect(() => {
    const timer = window.setInterval(() => {
      const t = Date.now();
      setFeed((f) => ({ times: [...f.times.slice(1), t], values: f.values.map((v, c) => [...v.slice(1), wave(c, t)]) }));
    }, feedMs);
    let stop = false;
    const frame = (now: number) => {
      if (stop) return;
      const s = seen.current;
      if (s.from === 0) s.from = now;
      else {
        s.drawn += 1;
        const took = now - s.last;
        s.longest = Math.max(s.longest, took);
        if (took > frameMs * 1.5) s.long += Math.round(took / frameMs) - 1;
      }
      s.last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const tell = window.setInterval(() => setFrames({ ...seen.current, seconds: (seen.current.last - seen.current.from) / 1000 }), 1000);
    return () => {
      stop = true;
      window.clearInterval(timer);
      window.clearInterval(tell);
    };
  }, []);
  return (
    <section className="panel">
      <div className="panel-head">
        <h1>Frames</h1>
        <span data-frames={JSON.stringify(frames)}>{n} charts · {rate(frames.seconds ? frames.drawn / frames.seconds : null)} · {count(frames.long)} frames dropped · longest {Math.round(frames.longest)} ms</span>
      </div>
      <div className="charts small">
        {feed.values.slice(0, n).map((values, c) => <Chart key={c} name={`chart ${c + 1}`} times={feed.times} values={values} />)}
      </div>
    </section>
  );
}

function Chart({ name, times, values }: { name: string; times: number[]; values: number[] }) {
  return <Lines label={name} times={times} series={[{ name: 'a second', values }]} height={110} tools={false} />;
}
