// A flow's reason: the message, and the id of the error that stands at its end.
export function reasonOf(reason: string): { message: string; id: string | null } {
  const found = /\s*\[(TARN-E\d+)\]\s*$/.exec(reason);
  return found ? { message: reason.slice(0, found.index), id: found[1] ?? null } : { message: reason, id: null };
}
