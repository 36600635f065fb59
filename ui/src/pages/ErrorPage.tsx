import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { Said } from '../components/Said';
import { Before, Empty } from '../components/States';
import { CopyLine } from '../components/Why';
import { setParams, useParam } from '../router';

// What an error's id means: what happened, why, what to do.
export function ErrorPage() {
  const [id] = useParam('id', '');
  const query = useQuery({ queryKey: ['error', id], queryFn: ({ signal }) => get('/api/v1/errors/{id}', { path: { id } }, signal), enabled: id !== '', retry: false, staleTime: Infinity });
  const e = query.data;
  return (
    <section className="panel prose" aria-labelledby="error-title">
      <div className="panel-head">
        <h1 id="error-title">{e ? e.title : 'An error by its id'}</h1>
        {e && <span className="pill"><span className="mono">{e.id}</span></span>}
        {e && <span className="note">{e.code.replaceAll('_', ' ')}</span>}
      </div>
      <form className="where" onSubmit={(event) => { event.preventDefault(); setParams({ id: String(new FormData(event.currentTarget).get('id') ?? '').trim().toUpperCase() || null }); }}>
        <label>Id <input name="id" key={id} defaultValue={id} placeholder="TARN-E0301" className="mono" /></label>
        <button type="submit">Show</button>
      </form>
      {id === '' && <Empty title="Each error has an id">It stands at the end of each message, such as TARN-E0301, and leads here.</Empty>}
      {id !== '' && <Before query={query} />}
      {e && (
        <>
          <h2>Why it happens</h2>
          <p><Said text={e.cause} /></p>
          <h2>What to do</h2>
          <p><Said text={e.todo} /></p>
          <CopyLine text={`${location.origin}/errors?id=${e.id}`} />
        </>
      )}
    </section>
  );
}
