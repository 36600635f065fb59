// A sentence with `code` in it, as Markdown has it: of all of Markdown only this.
export function Said({ text }: { text: string }) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
}
