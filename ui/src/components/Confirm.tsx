import { useState, type ReactNode } from 'react';

// Before what cannot be taken back, or takes much with it: what it will touch, how to undo it, and the name typed.
export function Confirm({ name, action, busy, onYes, onNo, children }: { name: string; action: string; busy: boolean; onYes: () => void; onNo: () => void; children: ReactNode }) {
  const [typed, setTyped] = useState('');
  return (
    <form className="confirm" role="group" aria-label={`Confirm: ${action}`} onSubmit={(e) => { e.preventDefault(); if (typed === name && !busy) onYes(); }}>
      <div>{children}</div>
      <div className="where">
        <label>Type <code>{name}</code> to go on <input className="mono" autoFocus autoComplete="off" spellCheck={false} value={typed} onChange={(e) => setTyped(e.target.value)} /></label>
        <button type="submit" className="danger" disabled={typed !== name || busy}>{busy ? 'Working…' : action}</button>
        <button type="button" onClick={onNo}>Leave it</button>
      </div>
    </form>
  );
}
