import type { ReactNode } from 'react';
import { useLedger } from '../api/queries';
import type { Ledger } from '../api/types';
import { age, count } from '../format';
import { live, useLive } from '../live/stream';
import { Link } from '../router';
import { useTick } from '../live/clock';
import { ErrorBox, Skeleton } from './States';
import { Why } from './Why';

function Sum({ name, value, tone, children }: { name: string; value: number | null; tone?: string; children: ReactNode }) {
  return (
    <div className={`sum ${tone ?? ''} ${value === null ? 'unknown' : ''}`} data-ledger={name.toLowerCase().replaceAll(' ', '-')}>
      <div className="sum-name">
        {name} {children}
      </div>
      <div className="sum-value">{value === null ? 'not known' : count(value)}</div>
    </div>
  );
}

function Sign({ left, right, sign }: { left?: number | null; right?: number | null; sign?: string }) {
  const of = left === null || right === null || left === undefined || right === undefined ? '·' : left === right ? '=' : left > right ? '≥' : '≤';
  return (
    <span className="sign" aria-hidden="true">
      {sign ?? of}
    </span>
  );
}

function verdict(ledger: Ledger): { tone: string; text: string } {
  if (ledger.lost === null || ledger.duplicated === null) return { tone: 'unknown', text: ledger.unknown || 'not known' };
  if (ledger.lost > 0 || ledger.duplicated > 0) return { tone: 'bad', text: 'It does not add up' };
  return { tone: 'good', text: 'It adds up' };
}

// sent = acknowledged = in the log = bronze + dead letters + in flight; lost 0, duplicated 0. Red only when it is wrong.
export function LedgerStrip() {
  const live = useLive();
  const query = useLedger();
  if (query.isPending) return <section className="panel ledger"><Skeleton rows={2} /></section>;
  if (!query.data) return <section className="panel"><ErrorBox error={query.error} retry={() => void query.refetch()} /></section>;
  const l = query.data;
  const v = verdict(l);
  const api = `curl http://${location.host}/api/v1/ledger`;
  const lines = l.lines.map((line) => `${line.flow}: ${count(line.committed)} = ${count(line.stored)} in ${line.table} + ${count(line.dead_letters)} dead letters, batch ${line.batch_id ?? '–'}`);
  return (
    <section className="panel ledger" aria-labelledby="ledger-title" data-verdict={v.tone}>
      <div className="panel-head">
        <h2 id="ledger-title">Ledger</h2>
        <span className={`pill ${v.tone}`}>
          <i aria-hidden="true" />
          {v.text}
        </span>
        <Why
          label="ledger"
          text={
            <>
              Positions of each flow against row counts of its table, compared at one batch: committed = stored + dead letters.
              {lines.map((line) => (
                <span className="why-line" key={line}>{line}</span>
              ))}
            </>
          }
          commands={['tarn flow list', api]}
        />
        <span className="note">{l.producer ? `producer’s figures ${age(live.now() - Date.parse(l.producer.as_of))}` : 'no producer keeps a ledger here'}</span>
      </div>
      <div className="sums">
        {l.producer && (
          <>
            <Sum name="Sent" value={l.sent}>
              <Why label="sent" text="Events the generator has handed to its socket at least once, as it says itself." commands={[api]} />
            </Sum>
            <Sign left={l.sent} right={l.acknowledged} />
            <Sum name="Acknowledged" value={l.acknowledged}>
              <Why label="acknowledged" text="Events the log has confirmed as durable, as the generator says itself." commands={[api]} />
            </Sum>
            <Sign left={l.acknowledged} right={l.log_records} />
          </>
        )}
        <Sum name="In the log" value={l.log_records}>
          <Why label="in the log" text="Records ever appended to the topics that come from outside: the sum of their high watermarks." commands={['tarn topic list', api]} />
        </Sum>
        <Sign sign="=" />
        <Sum name="Bronze" value={l.bronze}>
          <Why label="bronze" text="Rows in the tables of these topics, from the files’ own statistics." commands={l.lines.filter((x) => x.entry).map((x) => `tarn sql "select count(*) from ${x.table}"`)} />
        </Sum>
        <Sign sign="+" />
        <Sum name="Dead letters" value={l.dead_letters} tone={l.dead_letters > 0 ? 'amber' : ''}>
          <Why label="dead letters" text="Records that could not be decoded. They keep their bytes, reason and offset, and can be fixed and replayed." commands={['tarn sql "select * from dead_letters.clicks limit 20"']} />
        </Sum>
        <Sign sign="+" />
        <Sum name="In flight" value={l.in_flight}>
          <Why label="in flight" text="In the log, not in the table yet: the next batch takes it." commands={['tarn flow list']} />
        </Sum>
        <span className="bar" aria-hidden="true" />
        <Sum name="Late" value={l.late}>
          <Why label="late" text="Rows that came after their window had closed. They are in bronze and in the late table, and in no window." commands={['tarn sql "select count(*) from late.clicks"']} />
        </Sum>
        <Sum name="Lost" value={l.lost} tone={l.lost ? 'wrong' : ''}>
          <Why label="lost" text="Acknowledged and not in the log, or committed by a flow and not stored." commands={[api]} />
        </Sum>
        <Sum name="Duplicated" value={l.duplicated} tone={l.duplicated ? 'wrong' : ''}>
          <Why label="duplicated" text="Stored more often than committed." commands={[api]} />
        </Sum>
      </div>
    </section>
  );
}

// The ledger on one line, on top of every other page.
export function LedgerLine() {
  useTick(1000);
  const l = useLedger().data;
  if (!l) return null;
  const v = verdict(l);
  const parts: [string, number | null][] = [['in the log', l.log_records], ['bronze', l.bronze], ['dead letters', l.dead_letters], ['in flight', l.in_flight]];
  return (
    <section className="ledger-line" aria-label="Ledger" data-verdict={v.tone}>
      <Link to="/" className={`pill ${v.tone}`}><i aria-hidden="true" />{v.text}</Link>
      <span className="ledger-parts">
        {parts.map(([name, value], i) => (
          <span key={name} data-line={name.replaceAll(' ', '-')}>{i > 0 && <i>{i === 1 ? ' = ' : ' + '}</i>}<b>{count(value)}</b> {name}</span>
        ))}
      </span>
      <span className={l.lost ? 'wrong' : ''}><b>{l.lost === null ? 'not known' : count(l.lost)}</b> lost</span>
      <span className={l.duplicated ? 'wrong' : ''}><b>{l.duplicated === null ? 'not known' : count(l.duplicated)}</b> duplicated</span>
      <span className="note">{age(live.now() - Date.parse(l.as_of))}</span>
    </section>
  );
}
