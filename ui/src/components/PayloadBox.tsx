import { useMemo } from 'react';
import { indented } from '../api/exact';
import { useKafka } from '../api/queries';
import type { LogRecord, Payload } from '../api/types';
import { bytes, moment } from '../format';
import { address, Link } from '../router';
import { CopyLine } from './Why';

function pretty(p: NonNullable<Payload>): string {
  if (p.encoding !== 'json' || p.truncated) return p.text;
  try {
    return indented(p.text);
  } catch {
    return p.text;
  }
}

// Bytes for people: what they are, how many, and whether these are all.
export function PayloadBox({ payload, name }: { payload: Payload; name: string }) {
  const text = useMemo(() => (payload ? pretty(payload) : ''), [payload]);
  if (!payload) return <p className="note">{name}: no value</p>;
  return (
    <div className="payload">
      <p className="note">{name}: {payload.encoding}, {bytes(payload.bytes)}{payload.truncated && ', cut here'}</p>
      <pre tabIndex={0} aria-label={name}>{text}</pre>
    </div>
  );
}

// One record with all it has, and the way to follow it.
export function RecordBox({ topic, partition, record, close }: { topic: string; partition: number; record: LogRecord; close: () => void }) {
  const kafka = useKafka();
  return (
    <div className="record" role="region" aria-label={`Record ${partition}/${record.offset}`}>
      <div className="panel-head">
        <h3>partition {partition}, offset {record.offset}</h3>
        <span className="note">{moment(record.timestamp, true)}</span>
        <Link className="button" to={address('/trace', { topic, partition, offset: record.offset })}>Follow it</Link>
        <button type="button" className="quiet" onClick={close}>Close</button>
      </div>
      <PayloadBox payload={record.value} name="Value" />
      <PayloadBox payload={record.key} name="Key" />
      {record.headers.map((h, i) => <PayloadBox key={`${h.key} ${i}`} payload={h.value} name={`Header ${h.key}`} />)}
      <CopyLine text={`kcat -C -b ${kafka} -t ${topic} -p ${partition} -o ${record.offset} -c 1`} />
    </div>
  );
}
