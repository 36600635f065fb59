import { useMutation } from '@tanstack/react-query';
import { ApiError, demoAction, notHere } from '../api/client';
import { useDemo, useLedger } from '../api/queries';
import type { Demo, Fault } from '../api/types';
import { Lines } from '../chart/Lines';
import { Fact, Facts } from '../components/NodeHead';
import { Empty, ErrorBox, Skeleton } from '../components/States';
import { Why } from '../components/Why';
import { age, count, milliseconds, moment, rate, span } from '../format';
import { useTick } from '../live/clock';
import { live, useLive } from '../live/stream';

interface Kind {
  action: string;
  title: string;
  button: string;
  touches: string;
  undone: string;
}
const kinds: Kind[] = [
  { action: 'kill', title: 'Kill the server', button: 'Kill it with -9', touches: 'The server’s process ends between two instructions. This page loses it.', undone: 'The supervisor starts it again; every flow asks its sinks how far they are.' },
  { action: 'fill-disk', title: 'Fill the disk', button: 'Fill it', touches: 'The quota of the data folder is used up: commits and appends fail.', undone: 'The space is given back by itself; flows retry from their positions.' },
  { action: 'break-producer', title: 'Break a producer', button: 'Break it', touches: 'A producer begins to send what is no event.', undone: 'It ends by itself. What cannot be read is a dead letter, with its bytes and reason.' },
  { action: 'late-source', title: 'Make a source late', button: 'Make it late', touches: 'Events arrive long after they happened, behind the watermark.', undone: 'It ends by itself. Late rows are in bronze and in the late table, in no closed window.' },
];

function Card({ kind, fault, supervised, connected }: { kind: Kind; fault: Fault | undefined; supervised: boolean; connected: boolean }) {
  const act = useMutation({ mutationFn: () => demoAction(kind.action) });
  // A killed server may not have answered any more: that is what was asked for.
  const busy = fault !== undefined && fault.state !== 'idle';
  return (
    <li className={`fault ${fault?.state ?? 'idle'}`} data-fault={kind.action} data-state={fault?.state ?? 'idle'}>
      <h2>{kind.title}</h2>
      <p>{fault?.what || kind.touches}</p>
      <p className="note">{kind.undone}</p>
      <div className="fault-tools">
        <button type="button" className="danger" disabled={!supervised || busy || act.isPending || !connected} onClick={() => act.mutate()}>{kind.button}</button>
        <span className={`state ${busy ? 'warn' : ''}`}>{fault?.state ?? 'idle'}{busy && fault?.since && `, ${span((live.now() - Date.parse(fault.since)) / 1000)}`}</span>
      </div>
      {act.data && act.data.sentence && !fault?.outcome && <p className="note" role="status">{act.data.sentence}</p>}
      {fault?.outcome && <p className="outcome"><b>What Tarn did:</b> {fault.outcome}</p>}
      {act.error && !(kind.action === 'kill' && !(act.error instanceof ApiError)) && <ErrorBox error={act.error} />}
    </li>
  );
}

// Rates with the time without a server as a gap in the line.
function Gap() {
  const { rates, gaps, connection, lostAt } = useLive();
  const last = gaps.at(-1);
  const now = connection === 'lost' && lostAt ? `no server for ${span((Date.now() - lostAt) / 1000)} so far` : last ? `last gap: ${milliseconds(last.to - last.from)} without a server, as this page saw it, ${age(Date.now() - last.to)}` : 'no gap since this page is open';
  return (
    <section className="panel" aria-label="Rates and gaps">
      <p className={`gap ${connection === 'lost' ? 'amber' : 'note'}`} data-gap role="status">{now}</p>
      <Lines label="Events a second" times={rates.map((r) => r.time)} series={[{ name: 'into the log', values: rates.map((r) => r.recordsIn) }, { name: 'into tables', values: rates.map((r) => r.rowsOut) }]} unit={rate} height={160} />
    </section>
  );
}

function Server({ demo }: { demo: Demo }) {
  const ledger = useLedger().data;
  const { startNumber } = useLive();
  return (
    <Facts from="As the supervisor and the ledger say." commands={[`curl http://${location.host}/api/v1/demo`, `curl http://${location.host}/api/v1/ledger`]}>
      <Fact name="Recovery" value={demo.server.last_recovery_ms === null ? 'none yet' : milliseconds(demo.server.last_recovery_ms)}><Why label="recovery" text="From the end of the process to all listeners open again, as the supervisor measured it the last time." commands={[`curl http://${location.host}/api/v1/demo`]} /></Fact>
      <Fact name="Lost" value={ledger?.lost === null || !ledger ? 'not known' : count(ledger.lost)} tone={ledger?.lost ? 'bad' : undefined}><Why label="lost" text="Acknowledged and not in the log, or committed and not stored." commands={[`curl http://${location.host}/api/v1/ledger`]} /></Fact>
      <Fact name="Duplicated" value={ledger?.duplicated === null || !ledger ? 'not known' : count(ledger.duplicated)} tone={ledger?.duplicated ? 'bad' : undefined} />
      <Fact name="Starts by the supervisor" value={count(demo.server.starts)} />
      <Fact name="Start on this data" value={startNumber === null ? '–' : `#${startNumber}`} />
      <Fact name="Last end" value={demo.server.last_exit || 'none'} />
    </Facts>
  );
}

// Crashes you can press: what is touched, what Tarn did, how long it took, and whether it still adds up.
export function BreakIt() {
  useTick(500);
  const { connection } = useLive();
  const query = useDemo(700);
  const demo = query.data;
  const supervised = demo?.supervised ?? false;
  return (
    <div className="stack">
      <section className="panel" aria-labelledby="break-title">
        <div className="panel-head">
          <h1 id="break-title">Break it</h1>
          <Why label="breaking" text="The demo runs under a small supervisor that can hurt it in earnest: it kills the process, uses up its disk, spoils a producer, holds back a source." commands={['tarn demo', 'kill -9 $(pgrep -f "tarn up")']} />
        </div>
        {query.isPending && <Skeleton rows={4} />}
        {query.error && !demo && !notHere(query.error) && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
        {((demo && !supervised) || notHere(query.error)) && <Empty title="Not supervised here" command="tarn demo">This server runs on its own, so nobody would start it again. The demo has a supervisor, and these buttons.</Empty>}
        {demo && supervised && (
          <>
            <Server demo={demo} />
            <ul className="faults">
              {kinds.map((k) => <Card key={k.action} kind={k} fault={demo.faults.find((f) => f.name === k.action)} supervised={supervised} connected={connection === 'live'} />)}
            </ul>
          </>
        )}
      </section>
      <Gap />
      {demo && demo.history.length > 0 && (
        <section className="panel" aria-labelledby="history-title">
          <h2 id="history-title">What was done</h2>
          <ol className="history">
            {[...demo.history].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).map((h, i) => (
              <li key={`${h.at} ${i}`}><span className="note">{moment(h.at)}</span> <b>{h.action}</b> {h.sentence} {h.recovery_ms !== null && <span className="pill good">{milliseconds(h.recovery_ms)} to recover</span>}</li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}
