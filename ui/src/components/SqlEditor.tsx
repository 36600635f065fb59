import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { sql, SQLDialect } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef, type RefObject } from 'react';
import type { Catalog } from '../api/types';

const keywords =
  'select from where group by order having limit offset as and or not in is null like ilike between case when then else end join left right inner outer full cross on using union all except intersect distinct with values asc desc nulls first last over partition rows range qualify filter cast try_cast interval exists grouping sets rollup cube pivot unpivot sample lateral unnest true false';
const dialect = SQLDialect.define({ keywords, types: 'bigint integer varchar double timestamp timestamptz date time boolean decimal blob json uuid', doubleQuotedStrings: false, hashComments: false });

const look = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--sunk)', border: '1px solid var(--line-strong)', borderRadius: '8px', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--data)', lineHeight: '1.55', maxHeight: '360px' },
  '.cm-content': { padding: '12px', minHeight: '112px', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { background: 'var(--accent-faint)' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '.cm-matchingBracket': { background: 'var(--accent-faint)', color: 'inherit' },
  '.cm-tooltip': { background: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--line-strong)', borderRadius: '8px', overflow: 'hidden' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--data)', fontSize: '12.5px', maxHeight: '240px' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent)', color: 'var(--accent-ink)' },
  '.cm-completionDetail': { color: 'inherit', opacity: '0.75', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
});
const colors = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword], color: 'var(--accent-strong)', fontWeight: '600' },
    { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--amber)' },
    { tag: tags.comment, color: 'var(--ink-soft)', fontStyle: 'italic' },
  ]),
);

// Tables, their columns and functions; after "name." the columns of what is called so, or the tables of that schema.
function completions(catalog: Catalog | undefined) {
  const tables: Completion[] = (catalog?.tables ?? []).map((t) => ({ label: t.name, type: 'class', detail: t.kind, boost: 2 }));
  const functions: Completion[] = (catalog?.functions ?? []).map((f) => ({ label: f, type: 'function', detail: 'function', apply: `${f}(` }));
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w.]*/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    const text = context.state.doc.toString();
    const named = (catalog?.tables ?? []).filter((t) => text.includes(t.name));
    const seen = new Map<string, Completion>();
    for (const t of named) for (const c of t.columns) if (!seen.has(c.name)) seen.set(c.name, { label: c.name, type: 'property', detail: c.type.toLowerCase(), boost: 3 });
    const dotted = word.text.lastIndexOf('.');
    if (dotted >= 0) {
      const owner = word.text.slice(0, dotted);
      const alias = new RegExp(`([\\w.]+)\\s+(?:as\\s+)?${owner.replaceAll('.', '\\.')}\\b`, 'i').exec(text)?.[1];
      const table = (catalog?.tables ?? []).find((t) => t.name === owner || t.name === alias);
      if (table) return { from: word.from + dotted + 1, options: table.columns.map((c) => ({ label: c.name, type: 'property', detail: c.type.toLowerCase() })) };
    }
    return { from: word.from, options: [...tables, ...seen.values(), ...functions], validFor: /^[\w.]*$/ };
  };
}

// Text typed over a selection is replaced here: a browser would write the style of the old text beside the new, which
// the page's policy blocks with a complaint.
const overSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== 'insertText' || text === null || empty || event.isComposing) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});

// The editor in a shadow of its own: its style sheets are made there by script, which the page's policy allows.
// `insert`: set to what puts a text where the cursor is.
export function SqlEditor({ value, change, run, catalog, insert }: { value: string; change: (text: string) => void; run: (sql: string) => void; catalog: Catalog | undefined; insert: RefObject<((text: string) => void) | null> }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const words = useRef(new Compartment());
  const calls = useRef({ change, run });
  calls.current = { change, run };
  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const root = box.shadowRoot ?? box.attachShadow({ mode: 'open' });
    const state = EditorState.create({
      doc: value,
      extensions: [
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: (v) => { calls.current.run(v.state.doc.toString()); return true; } }])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        history(), drawSelection(), bracketMatching(), closeBrackets(), sql({ dialect, upperCaseKeywords: false }), colors, look, EditorView.lineWrapping,
        placeholder('select …   (Ctrl-Space completes, Ctrl-Enter runs)'),
        EditorView.contentAttributes.of({ 'aria-label': 'SQL' }),
        overSelection,
        EditorView.updateListener.of((u) => { if (u.docChanged) calls.current.change(u.state.doc.toString()); }),
        words.current.of([]),
      ],
    });
    const editor = new EditorView({ state, parent: root, root });
    view.current = editor;
    insert.current = (text) => {
      editor.dispatch(editor.state.replaceSelection(text), { userEvent: 'input' });
      editor.focus();
    };
    if (window.matchMedia('(pointer: fine)').matches) editor.focus();
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, []); // eslint-disable-line
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    editor.dispatch({ effects: words.current.reconfigure(autocompletion({ override: [completions(catalog), keywordsOnly], icons: false })) });
    // Names that come while a word is being typed are offered for that word.
    const at = editor.state.selection.main.head;
    if (editor.hasFocus && /[\w.]/.test(editor.state.sliceDoc(Math.max(0, at - 1), at))) startCompletion(editor);
  }, [catalog]);
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={host} className="sql-editor" />;
}

const keywordList: Completion[] = [...new Set(keywords.split(' '))].map((label) => ({ label, type: 'keyword', boost: -1 }));
function keywordsOnly(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/\w+/);
  return word && !word.text.includes('.') ? { from: word.from, options: keywordList, validFor: /^\w*$/ } : null;
}
