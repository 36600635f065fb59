import { brief } from '../format';
import type { Bar } from '../live/windows';

const share = (value: Bar['open'], max: number) => Math.max(0, (Number(value ?? 0) / max) * 100);

// The largest groups of the newest closed window, with the open window's figure so far beside.
export function Bars({ title, bars, others }: { title: string; bars: Bar[]; others: number }) {
  const max = Math.max(1e-9, ...bars.map((b) => Math.max(Number(b.closed ?? 0), Number(b.open ?? 0))));
  return (
    <div className="bars">
      <h3>{title}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col" className="sr">Name</th>
            <th scope="col"><span className="sr">Share</span></th>
            <th scope="col" className="num">final</th>
            <th scope="col" className="num">open</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((b) => (
            <tr key={b.key}>
              <th scope="row" title={b.name}>{b.name}</th>
              <td>
                <svg className="hbar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
                  <rect className="solid" x="0" y="1" height="6" width={share(b.closed, max)} />
                  <rect className="hollow" x="0" y="8" height="3" width={share(b.open, max)} />
                </svg>
              </td>
              <td className="num" title={String(b.closed ?? '')}>{brief(b.closed)}</td>
              <td className="num soft" title={String(b.open ?? '')}>{brief(b.open)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="note">{others > 0 ? `and ${others} more` : '\u00a0'}</div>
    </div>
  );
}
