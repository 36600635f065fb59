import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { dropTable, optimizeTable, repairTable, vacuumTable, validateTable } from '../../api/client';
import type { Optimize, Optimized, Table, Vacuum, Repaired, Vacuumed, Validated } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { ErrorBox } from '../../components/States';
import { CopyLine } from '../../components/Why';
import { bytes, count } from '../../format';
import { navigate } from '../../router';

// After a change of files all that is shown of the table is read again.
export function useReread(name: string): () => void {
  const client = useQueryClient();
  return () => {
    for (const key of [['tables'], ['table', name], ['table-history', name], ['layout', name], ['files', name]]) void client.invalidateQueries({ queryKey: key });
  };
}

const shell = (text: string) => (/^[\w.,:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const plural = (n: number, what: string) => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

function Did({ tone, children }: { tone: 'good' | 'warn' | 'plain'; children: ReactNode }) {
  return <p className={`verdict ${tone === 'plain' ? '' : tone}`} role="status">{children}</p>;
}

function Optimizing({ made }: { made: Optimized }) {
  const vectors = made.vectors_removed > 0 && <>; {plural(made.vectors_removed, 'deletion vector')} {made.dry_run ? 'would go' : 'went'}</>;
  if (made.dry_run) {
    if (made.files_removed === 0) return <Did tone="good">There is nothing to do: no files that would become larger, and few deleted rows.</Did>;
    return <Did tone="plain"><b>Would do:</b> {plural(made.files_removed, 'file')} with {bytes(made.bytes_removed)} would become {plural(made.files_added, 'file')}{vectors}. Rows stay what they are. Of version {count(made.version)}.</Did>;
  }
  if (made.commits === 0) return <Did tone="good">There was nothing to do{made.yielded > 0 && <>: others changed the same files, {plural(made.yielded, 'file')} were written for nothing</>}.</Did>;
  return <Did tone="good"><b>Done:</b> {plural(made.files_removed, 'file')} with {bytes(made.bytes_removed)} became {plural(made.files_added, 'file')} with {bytes(made.bytes_added)}, in {plural(made.commits, 'commit')} up to version {count(made.version)}{vectors}{made.carried_rows > 0 && <>; {plural(made.carried_rows, 'row')} that others deleted meanwhile stayed deleted</>}{made.yielded > 0 && <>; {plural(made.yielded, 'file')} gave way to other writers</>}.</Did>;
}

// A table that is clustered has neither partitions nor another order.
function OptimizeCard({ name, clustered }: { name: string; clustered: boolean }) {
  const reread = useReread(name);
  const [where, setWhere] = useState('');
  const [order, setOrder] = useState('');
  const [all, setAll] = useState(false);
  const full = clustered && all;
  const columns = order.split(',').map((c) => c.trim()).filter(Boolean);
  const body: Omit<Optimize, 'dry_run'> = { full, ...(where.trim() ? { where: where.trim() } : {}), ...(columns.length > 0 ? { order_by: columns } : {}) };
  const act = useMutation({ mutationFn: (dry: boolean) => optimizeTable(name, { ...body, dry_run: dry }), onSuccess: (made) => { if (!made.dry_run) reread(); } });
  const change = (set: (text: string) => void) => (text: string) => { set(text); act.reset(); };
  const command = `tarn table optimize ${name}${full ? ' --full' : ''}${where.trim() ? ` --where ${shell(where.trim())}` : ''}${columns.map((c) => ` --zorder-by ${shell(c)}`).join('')}`;
  return (
    <section className="fault" aria-label="Optimize">
      <h3>Optimize</h3>
      <p>Small files become large ones, and rows that deletion vectors hide go for good. Rows stay what they are; flows and readers go on meanwhile.</p>
      {clustered ? (
        <label className="check"><input type="checkbox" checked={all} onChange={(e) => { setAll(e.target.checked); act.reset(); }} /> All of it anew (<code>FULL</code>), also what is clustered already</label>
      ) : (
        <div className="where">
          <label>Partitions <input className="mono" placeholder="all, or SQL" value={where} onChange={(e) => change(setWhere)(e.target.value)} /></label>
          <label>Z-order by <input className="mono" placeholder="columns, with commas" value={order} onChange={(e) => change(setOrder)(e.target.value)} /></label>
        </div>
      )}
      {act.data && <Optimizing made={act.data} />}
      {act.error && <ErrorBox error={act.error} />}
      <div className="fault-tools">
        <button type="button" disabled={act.isPending} onClick={() => act.mutate(true)}>What would it do?</button>
        <button type="button" className="primary" disabled={act.isPending || (act.data?.dry_run === true && act.data.files_removed === 0)} onClick={() => act.mutate(false)}>{act.isPending && !act.variables ? 'Working…' : 'Optimize'}</button>
      </div>
      <CopyLine text={command} />
    </section>
  );
}

function Vacuuming({ made }: { made: Vacuumed }) {
  if (made.files === 0) return <Did tone="good">{made.dry_run ? 'Nothing would go' : 'Nothing went'}: every file is needed, or is too young.</Did>;
  const paths = (
    <details>
      <summary>{made.paths.length < made.files ? `the first ${count(made.paths.length)} of them` : 'which ones'}</summary>
      <pre className="sql-text">{made.paths.join('\n')}</pre>
    </details>
  );
  return (
    <>
      <Did tone={made.dry_run ? 'plain' : 'good'}><b>{made.dry_run ? 'Would do:' : 'Done:'}</b> {plural(made.files, 'file')} with {bytes(made.bytes)} {made.dry_run ? 'would go' : 'went'} from the disk.</Did>
      {paths}
    </>
  );
}

function VacuumCard({ name }: { name: string }) {
  const reread = useReread(name);
  const [retain, setRetain] = useState('');
  const [asking, setAsking] = useState(false);
  const body: Omit<Vacuum, 'dry_run'> = { ...(retain.trim() ? { retain: retain.trim() } : {}), force: false, lite: false };
  const act = useMutation({
    mutationFn: (dry: boolean) => vacuumTable(name, { ...body, dry_run: dry }),
    onSettled: (made) => { if (!made?.dry_run) setAsking(false); },
    onSuccess: (made) => { if (!made.dry_run) reread(); },
  });
  const would = act.data?.dry_run ? act.data : null;
  return (
    <section className="fault" aria-label="Vacuum">
      <h3>Vacuum</h3>
      <p>Files that no version within the retention needs go from the disk. Versions older than that cannot be read or restored any more.</p>
      <div className="where">
        <label>Keep <input className="mono" placeholder="as the table says, or 7d" value={retain} onChange={(e) => { setRetain(e.target.value); setAsking(false); act.reset(); }} /></label>
      </div>
      {act.data && <Vacuuming made={act.data} />}
      {act.error && <ErrorBox error={act.error} />}
      {asking && would && (
        <Confirm name={name} action={`Remove ${plural(would.files, 'file')}`} busy={act.isPending} onYes={() => act.mutate(false)} onNo={() => setAsking(false)}>
          About {plural(would.files, 'file')} with {bytes(would.bytes)} go from the disk of <code>{name}</code>. This cannot be undone; rows of the newest version stay.
        </Confirm>
      )}
      {!asking && (
        <div className="fault-tools">
          <button type="button" disabled={act.isPending} onClick={() => act.mutate(true)}>{act.isPending ? 'Looking…' : 'What would go?'}</button>
          <button type="button" className="danger" disabled={act.isPending || !would || would.files === 0} title={would ? '' : 'See first what would go'} onClick={() => setAsking(true)}>Vacuum…</button>
        </div>
      )}
      <CopyLine text={`tarn table vacuum ${name}${retain.trim() ? ` --retain ${shell(retain.trim())}` : ''} --dry-run`} />
    </section>
  );
}

function Seen({ seen }: { seen: Validated }) {
  const what = <>{plural(seen.files, 'file')} with {bytes(seen.bytes)} and {plural(seen.rows, 'row')}, {plural(seen.vectors, 'deletion vector')}, {plural(seen.commits, 'commit')} and {plural(seen.checkpoints, 'checkpoint')} of version {count(seen.version)}</>;
  if (seen.problems.length === 0) return <Did tone="good"><b>All is sound:</b> {what} were opened and agree.</Did>;
  return (
    <div className="error-box" role="alert">
      <strong>{plural(seen.problems.length, 'problem')}</strong>
      <p>{what} were looked at.</p>
      <ul>{seen.problems.map((p, i) => <li key={i}><span className="mono">{p.where}</span>: {p.what}</li>)}</ul>
    </div>
  );
}

function ValidateCard({ name }: { name: string }) {
  const act = useMutation({ mutationFn: () => validateTable(name) });
  return (
    <section className="fault" aria-label="Validate">
      <h3>Validate</h3>
      <p>Every file and deletion vector is opened and held against the log. It changes nothing, and takes as long as reading the table.</p>
      {act.data && <Seen seen={act.data} />}
      {act.error && <ErrorBox error={act.error} />}
      <div className="fault-tools"><button type="button" disabled={act.isPending} onClick={() => act.mutate()}>{act.isPending ? 'Looking…' : 'Validate'}</button></div>
      <CopyLine text={`tarn table validate ${name}`} />
    </section>
  );
}

function Repairing({ made }: { made: Repaired }) {
  const left = made.left.length > 0 && (
    <div className="error-box" role="alert">
      <strong>{plural(made.left.length, 'thing')} cannot be mended so</strong>
      <ul>{made.left.map((l, i) => <li key={i}><span className="mono">{l.where}</span>: {l.what}</li>)}</ul>
    </div>
  );
  if (made.found === 0) return <>{left || <Did tone="good">Nothing is damaged that could be mended here.</Did>}</>;
  return (
    <>
      <Did tone={made.dry_run ? 'warn' : 'good'}><b>{made.dry_run ? 'Would mend:' : 'Mended:'}</b> {plural(made.found, 'thing')}{made.files_removed > 0 && <>; {plural(made.files_removed, 'file')} with {plural(made.rows_removed, 'row')} {made.dry_run ? 'would go' : 'went'} out of the log</>}.</Did>
      <ul>{made.repairs.map((r, i) => <li key={i}><span className="mono">{r.where}</span>: {r.what}; {made.dry_run && 'would be '}{r.done}</li>)}</ul>
      {left}
    </>
  );
}

function RepairCard({ name }: { name: string }) {
  const reread = useReread(name);
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: (dry: boolean) => repairTable(name, dry),
    onSettled: (made) => { if (!made?.dry_run) setAsking(false); },
    onSuccess: (made) => { if (!made.dry_run) reread(); },
  });
  const would = act.data?.dry_run ? act.data : null;
  return (
    <section className="fault" aria-label="Repair">
      <h3>Repair</h3>
      <p>Of a table that is damaged: files that are gone are taken out of its log, and what of the log cannot be read is moved aside.</p>
      {act.data && <Repairing made={act.data} />}
      {act.error && <ErrorBox error={act.error} />}
      {asking && would && (
        <Confirm name={name} action={`Mend ${plural(would.found, 'thing')}`} busy={act.isPending} onYes={() => act.mutate(false)} onNo={() => setAsking(false)}>
          {would.files_removed > 0 ? <>{plural(would.rows_removed, 'row')} of <code>{name}</code> are lost to its readers from then on. </> : null}What is moved aside is kept in <code>_delta_log/_set_aside</code>.
        </Confirm>
      )}
      {!asking && (
        <div className="fault-tools">
          <button type="button" disabled={act.isPending} onClick={() => act.mutate(true)}>{act.isPending ? 'Looking…' : 'What is damaged?'}</button>
          <button type="button" className="danger" disabled={act.isPending || !would || would.found === 0} title={would ? '' : 'See first what is damaged'} onClick={() => setAsking(true)}>Repair…</button>
        </div>
      )}
      <CopyLine text={`tarn table repair ${name} --dry-run`} />
    </section>
  );
}

function DropCard({ name }: { name: string }) {
  const reread = useReread(name);
  const [asking, setAsking] = useState(false);
  const act = useMutation({ mutationFn: () => dropTable(name), onSettled: () => setAsking(false), onSuccess: () => { reread(); navigate('/tables'); } });
  return (
    <section className="fault" aria-label="Drop">
      <h3>Drop</h3>
      <p>The table goes out of sight, unless a flow uses it. For a while the list of tables shows it below, to bring it back.</p>
      {act.error && <ErrorBox error={act.error} />}
      {asking ? (
        <Confirm name={name} action="Drop the table" busy={act.isPending} onYes={() => act.mutate()} onNo={() => setAsking(false)}>
          Nobody reads <code>{name}</code> from then on. <code>UNDROP TABLE {name}</code> brings it back until its time is over; then its files go.
        </Confirm>
      ) : (
        <div className="fault-tools"><button type="button" className="danger" onClick={() => setAsking(true)}>Drop…</button></div>
      )}
      <CopyLine text={`tarn table drop ${name} --yes`} />
    </section>
  );
}

export function Care({ table, clustered }: { table: Table; clustered: boolean }) {
  return <div className="faults care"><OptimizeCard name={table.name} clustered={clustered} /><VacuumCard name={table.name} /><ValidateCard name={table.name} /><RepairCard name={table.name} /><DropCard name={table.name} /></div>;
}
