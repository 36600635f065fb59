import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { compact, count, milliseconds, rate } from '../format';
import { Link, nodeAddress } from '../router';
import { layered, stacked, type Box, type Layout } from './layout';
import type { Picture, Shown } from './model';

export interface Mark {
  tone: string; // passed | waiting | dead_letter | quarantined | late | duplicate | lost | unknown
  text: string;
}

const stateWords: Record<Shown['state'], string> = { ok: '', idle: 'idle', warn: 'look', error: 'wrong', paused: 'paused' };

// The two figures of a node that matter most for its kind.
export function figures(node: Shown): string[] {
  const out: string[] = [];
  if (node.kind === 'flow' && node.lag !== null)
    out.push(node.lag === 0 ? 'no lag' : `lag ${compact(node.lag)}${node.lag_unit === 'versions' ? ' v' : ''}`);
  if (node.kind !== 'flow' && node.rows !== null) out.push(`${compact(node.rows)} ${node.kind === 'topic' ? 'records' : 'rows'}`);
  if (node.records_per_second !== null && node.kind === 'producer') out.push(rate(node.records_per_second));
  if (node.freshness_ms !== null && node.kind !== 'topic') out.push(milliseconds(node.freshness_ms));
  return out.slice(0, 2);
}

function spoken(node: Shown): string {
  const parts = [`${node.kind} ${node.name}`, node.members > 1 ? `${count(node.members)} of them` : '', stateWords[node.state], ...figures(node), node.reason];
  return parts.filter(Boolean).join(', ');
}

// The layer stands beside the kind, so that the name has room.
const layerOf = (node: Shown) => (node.members === 1 && node.layer && node.name.startsWith(`${node.layer}.`) ? node.layer : '');

// Where a name is too long, its end says more than its middle.
function Name({ text, room }: { text: string; room: number }) {
  const dot = text.length - text.lastIndexOf('.');
  const keep = text.length > room ? Math.min(Math.floor(room / 2), dot < text.length ? dot : 6) : 0;
  return (
    <span className="map-name" title={text}>
      <span>{keep ? text.slice(0, -keep) : text}</span>
      {keep > 0 && <span>{text.slice(-keep)}</span>}
    </span>
  );
}

const Node = memo(function Node({ node, box, size, mark, here, to }: { node: Shown; box: Box; size: Layout['box']; mark: Mark | undefined; here: boolean; to: string }) {
  const layer = layerOf(node);
  return (
    <li style={{ transform: `translate(${box.x}px, ${box.y}px)`, width: size.width, height: size.height }}>
      <Link
        to={to}
        className={`map-node ${node.kind} ${node.state} ${mark ? `mark ${mark.tone}` : ''} ${here ? 'here' : ''} ${node.members > 1 ? 'group' : ''}`}
        aria-label={mark ? `${spoken(node)}: ${mark.text}` : spoken(node)}
        aria-current={here ? 'true' : undefined}
        data-node={node.id}
        title={node.reason || undefined}
      >
        <span className="map-kind">
          <span>{node.members > 1 ? `${count(node.members)} ${node.kind}s` : node.kind}{layer && <b> {layer}</b>}</span>
          <em>{node.trouble > 0 && node.members > 1 ? `${node.trouble} ${stateWords[node.state]}` : stateWords[node.state]}</em>
        </span>
        <Name text={layer ? node.name.slice(layer.length + 1) : node.name} room={node.kind === 'flow' ? 16 : 18} />
        <span className="map-figures">{mark ? mark.text : figures(node).join(' · ')}</span>
      </Link>
    </li>
  );
});

// Out of the left side of one box, along a rail, into the left side of another.
function along(a: Box, b: Box, height: number, rail: number): string {
  const [y, toY] = [a.y + height * 0.68, b.y + height * 0.36];
  const turn = toY > y ? 8 : -8;
  return `M${a.x},${y} Q${rail},${y} ${rail},${y + turn} L${rail},${toY - turn} Q${rail},${toY} ${b.x - 6},${toY}`;
}

// From the right side of one box to the left side of another, level through the columns between.
function path(a: Box, b: Box, { box, down }: Layout, route: { x: number; y: number }[]): string {
  if (down) return along(a, b, box.height, route[0]?.x ?? 0);
  const half = box.height / 2;
  let [x, y] = [a.x + box.width, a.y + half];
  let d = `M${x},${y}`;
  const curve = (toX: number, toY: number) => {
    const bend = Math.max(18, Math.min(60, (toX - x) / 2));
    d += ` C${x + bend},${y} ${toX - bend},${toY} ${toX},${toY}`;
    [x, y] = [toX, toY];
  };
  for (const stop of route) {
    curve(stop.x, stop.y);
    x = stop.x + box.width;
    d += ` L${x},${y}`;
  }
  curve(b.x - 5, b.y + half);
  return d;
}

function width(perSecond: number | null): number {
  return perSecond ? Math.min(4, 1.2 + Math.log10(1 + perSecond) * 0.55) : 1;
}

function Edges({ picture, layout, lit }: { picture: Picture; layout: Layout; lit: Set<string> | null }) {
  const { boxes, routes, box } = layout;
  return (
    <svg className="map-edges" width={layout.width} height={layout.height} aria-hidden="true">
      <defs>
        {['idle', 'flowing', 'lit'].map((tone) => (
          <marker key={tone} id={`arrow-${tone}`} className={tone} viewBox="0 0 6 8" refX="1" refY="4" markerWidth="6" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
            <path d="M0,0 L6,4 L0,8 z" />
          </marker>
        ))}
      </defs>
      {picture.edges.map((edge) => {
        const a = boxes.get(edge.from);
        const b = boxes.get(edge.to);
        if (!a || !b) return null;
        const tone = lit?.has(edge.to) && lit.has(edge.from) ? 'lit' : edge.records_per_second ? 'flowing' : 'idle';
        return <path key={`${edge.from} ${edge.to}`} className={tone} d={path(a, b, layout, routes.get(`${edge.from} ${edge.to}`) ?? [])} strokeWidth={width(edge.records_per_second)} markerEnd={`url(#arrow-${tone})`} />;
      })}
      {picture.edges.map((edge) => {
        const a = boxes.get(edge.from);
        const b = boxes.get(edge.to);
        if (!a || !b || !edge.records_per_second) return null;
        if (layout.down) {
          // Where several arrows end in one node their rates would lie on each other.
          if (picture.edges.filter((e) => e.to === edge.to).length > 1) return null;
          return <text key={`${edge.from} ${edge.to} rate`} x={b.x + 4} y={b.y - 3}>{rate(edge.records_per_second)}</text>;
        }
        // Beside the end that only this edge has, so that labels of a fan do not meet.
        const fan = picture.edges.filter((e) => e.from === edge.from).length > 1;
        const x = fan ? b.x - 10 : a.x + box.width + 6;
        const near = routes.get(`${edge.from} ${edge.to}`)?.at(-1)?.y ?? a.y + box.height / 2;
        const y = fan ? b.y + box.height / 2 + (b.y + box.height / 2 > near + 4 ? 13 : -5) : a.y + box.height / 2 + (b.y < a.y - 4 ? 13 : -5);
        return (
          <text key={`${edge.from} ${edge.to} rate`} x={x} y={y} textAnchor={fan ? 'end' : 'start'}>
            {rate(edge.records_per_second)}
          </text>
        );
      })}
    </svg>
  );
}

function useWidth() {
  const host = useRef<HTMLDivElement>(null);
  const [available, setAvailable] = useState(0);
  useLayoutEffect(() => {
    const box = host.current;
    if (!box) return;
    const measure = () => setAvailable(box.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return { host, available };
}

const narrowest = 560; // a narrower page has the map from top to bottom

interface Given {
  picture: Picture;
  label: string;
  here?: string;
  marks?: Map<string, Mark>;
  toGroup?: (node: Shown) => string | undefined;
}

// The map drawn node by node: every box is a link, every arrow carries its rate.
export function GraphMap({ picture, label, here, marks, toGroup }: Given) {
  const { host, available } = useWidth();
  useEffect(() => {
    host.current?.querySelector('.map-node.here')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [here, available]); // eslint-disable-line
  const shape = `${picture.nodes.map((n) => n.id).join(' ')}|${picture.edges.map((e) => `${e.from}>${e.to}`).join(' ')}`;
  // Laid out again only when the shape changes, not each time a figure does.
  const narrow = available > 0 && available < narrowest ? available : 0;
  const layout = useMemo(() => {
    const ids = picture.nodes.map((n) => n.id);
    return narrow ? stacked(ids, picture.edges, narrow) : layered(ids, picture.edges);
  }, [shape, narrow]); // eslint-disable-line
  const scale = available === 0 || layout.down ? 1 : Math.max(0.72, Math.min(1, available / layout.width));
  const lit = marks ? new Set([...marks].filter(([, m]) => m.tone !== 'waiting').map(([id]) => id)) : null;
  return (
    <div className={layout.down ? 'map down' : 'map'} ref={host} tabIndex={-1}>
      <div className="map-size" style={{ width: Math.min(layout.width * scale, Math.max(available, layout.width * scale)), height: layout.height * scale }}>
        <div className="map-plane" style={{ width: layout.width, height: layout.height, transform: scale === 1 ? 'none' : `scale(${scale})` }}>
          <Edges picture={picture} layout={layout} lit={lit} />
          <ul aria-label={label}>
            {picture.nodes.map((node) => {
              const box = layout.boxes.get(node.id);
              return box && <Node key={node.id} node={node} box={box} size={layout.box} mark={marks?.get(node.id)} here={here === node.id} to={toGroup?.(node) ?? nodeAddress(node.id)} />;
            })}
          </ul>
        </div>
      </div>
    </div>
  );
}
