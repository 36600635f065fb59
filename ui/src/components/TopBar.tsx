import { useEffect, useState } from 'react';
import { useFlows, useStatus } from '../api/queries';
import { age, span } from '../format';
import { useTick } from '../live/clock';
import { live, useConnection } from '../live/stream';
import { Link, usePlace } from '../router';
import { pageAt, useMenu } from '../shell/pages';
import { openPalette } from './Palette';
import { Why } from './Why';

const words = { connecting: 'connecting', live: 'live', lost: 'not connected' } as const;

function Facts() {
  const connection = useConnection();
  useTick(500);
  const s = useStatus().data;
  const flows = useFlows().data?.flows ?? [];
  const newest = Math.max(0, ...flows.map((f) => (f.last_commit ? Date.parse(f.last_commit) : 0)));
  const failed = flows.filter((f) => f.state === 'failed');
  return (
    <div className="facts">
      {failed.length > 0 && <Link to={failed.length === 1 ? `/flow?name=${encodeURIComponent(failed[0]?.name ?? '')}` : '/flows'} className="pill bad"><i aria-hidden="true" />{`${failed.length} flow${failed.length > 1 ? 's' : ''} failed`}</Link>}
      {s?.log_read_only && <div className="pill bad" title={s.log_read_only_reason}><i aria-hidden="true" />log is read-only</div>}
      <span className="wide-only fact">
        <span className="note">fresh</span> <b>{newest ? age(live.now() - newest) : 'nothing yet'}</b>{' '}
        <Why label="freshness" text="The newest commit of any flow in any of its sinks, against the server’s clock." commands={['tarn flow list']} />
      </span>
      <span className="wide-only fact">
        <span className="note">up</span> <b>{s ? span(s.uptime_seconds) : '–'}</b> <span className="note">start</span> <b>{s ? `#${s.start_number}` : '–'}</b>{' '}
        <Why label="start number" text="Counts the starts on this data folder; a newer one fences the older." commands={['tarn doctor', `curl http://${location.host}/api/v1/status`]} />
      </span>
      <div className={`pill ${connection}`} role="status"><i aria-hidden="true" />{words[connection]}</div>
    </div>
  );
}

export function TopBar() {
  const { path } = usePlace();
  const marked = pageAt(path)?.under ?? path;
  const s = useStatus().data;
  const menu = useMenu();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const away = (e: KeyboardEvent) => e.key === 'Escape' && setOpen(false);
    document.addEventListener('keydown', away);
    return () => document.removeEventListener('keydown', away);
  }, [open]);
  useEffect(() => {
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  return (
    <header className="top">
      <div className="top-row">
        <Link to="/" className="brand" aria-label={`${s?.project || 'Tarn'}, home`}>
          <img src="/tarn.svg" alt="" width="24" height="24" />
          <span><b>{s?.project || 'Tarn'}</b><small>{s ? `Tarn ${s.version}` : '\u00a0'}</small></span>
        </Link>
        <button type="button" className="menu-button" aria-expanded={open} aria-controls="pages" onClick={() => setOpen(!open)}>
          <span>{menu.find((entry) => entry.path === marked)?.text ?? 'Menu'}</span> <i aria-hidden="true">{open ? '✕' : '☰'}</i><span className="sr">Menu</span>
        </button>
        <nav id="pages" aria-label="Pages" className={open ? 'open' : ''}>
          {menu.map((entry) => (
            <Link key={entry.path} to={entry.path} onClick={() => setOpen(false)} aria-current={entry.path === marked ? 'page' : undefined}>{entry.text}</Link>
          ))}
        </nav>
        <button type="button" className="find" onClick={openPalette} aria-keyshortcuts="Control+K">Find <kbd>Ctrl K</kbd></button>
        <Facts />
      </div>
    </header>
  );
}
