import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

// "Every number has a why": a small button that shows what a number is and where else it stands, as text to copy.
export function Why({ label, text, commands }: { label: string; text: ReactNode; commands: string[] }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !root.current?.contains(event.target as Node))
        setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('keydown', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('keydown', away);
    };
  }, [open]);
  return (
    <span className="why" ref={root}>
      <button type="button" aria-expanded={open} aria-controls={id} aria-label={`Why: ${label}`} onClick={() => setOpen(!open)}>
        ?
      </button>
      {open && (
        <span className="why-panel" id={id} role="dialog" aria-label={label}>
          <span className="why-text">{text}</span>
          {commands.map((command) => (
            <CopyLine key={command} text={command} />
          ))}
        </span>
      )}
    </span>
  );
}

export function CopyLine({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      window.setTimeout(() => setDone(false), 1500);
    } catch {
      // Without the right to copy, the text can still be selected.
    }
  };
  return (
    <span className="copy-line">
      <code>{text}</code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy ${text}`}>
        {done ? 'copied' : 'copy'}
      </button>
    </span>
  );
}
