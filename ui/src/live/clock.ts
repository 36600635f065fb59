import { useEffect, useState } from 'react';

// Renders again every so often, for ages that grow by themselves.
export function useTick(everyMs: number): void {
  const [, set] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => set((n) => n + 1), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
}
