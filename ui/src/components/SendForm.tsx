import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, sendRecord } from '../api/client';
import { dense } from '../api/exact';
import { useKafka } from '../api/queries';
import { template } from '../live/template';
import { address, navigate } from '../router';
import { ErrorBox } from './States';
import { CopyLine } from './Why';

// JSON is sent as a text without spaces, so that no number changes on the way; what is no JSON as it stands.
function sent(text: string): string | null {
  try {
    const value = JSON.parse(text) as unknown;
    return value === null || typeof value === 'string' ? value : dense(text);
  } catch {
    return text;
  }
}

// Sends one event, durable before the answer, and goes on to follow it. It begins as a copy of the topic's newest
// record with an id and a time of its own.
export function SendForm({ topic, partitions }: { topic: string; partitions: number }) {
  const [text, setText] = useState('');
  const [key, setKey] = useState('');
  const [partition, setPartition] = useState('');
  const newest = useQuery({ queryKey: ['template', topic], queryFn: ({ signal }) => get('/api/v1/topics/{name}/records', { path: { name: topic }, query: { partition: 0, offset: -1, limit: 1 } }, signal), staleTime: Infinity, retry: false });
  const example = newest.data?.records[0];
  useEffect(() => {
    if (text !== '' || newest.isPending) return;
    setText(template(example?.value?.encoding === 'json' ? example.value.text : null));
    setKey(example?.key?.encoding === 'text' || example?.key?.encoding === 'json' ? example.key.text : '');
  }, [newest.isPending, example]); // eslint-disable-line
  const send = useMutation({
    mutationFn: () => {
      return sendRecord(topic, { value: sent(text), key: key || null, ...(partition === '' ? {} : { partition: Number(partition) }) });
    },
    onSuccess: (sent) => navigate(address('/trace', { topic: sent.topic, partition: sent.partition, offset: sent.offset })),
  });
  let json = true;
  try {
    JSON.parse(text);
  } catch {
    json = false;
  }
  const kafka = useKafka();
  return (
    <form className="send" onSubmit={(e) => { e.preventDefault(); send.mutate(); }}>
      <label htmlFor="send-value">Value <small>{text === '' ? '' : json ? 'JSON, sent compact' : 'not JSON: sent as this text, and a dead letter where JSON is expected'}</small></label>
      <textarea id="send-value" rows={12} spellCheck={false} value={text} onChange={(e) => setText(e.target.value)} />
      <div className="where">
        <label>Key <input value={key} onChange={(e) => setKey(e.target.value)} placeholder="none" /></label>
        <label>Partition{' '}
          <select value={partition} onChange={(e) => setPartition(e.target.value)}>
            <option value="">by key</option>
            {Array.from({ length: partitions }, (_, i) => <option key={i} value={i}>{i}</option>)}
          </select>
        </label>
        <button type="button" onClick={() => setText(template(text))}>New id and time</button>
        <button type="submit" className="primary" disabled={send.isPending || text === ''}>{send.isPending ? 'Sending…' : 'Send and follow'}</button>
      </div>
      {send.error && <ErrorBox error={send.error} />}
      <CopyLine text={`echo '${text.replaceAll(/\s*\n\s*/g, '').replaceAll("'", "'\\''")}' | kcat -P -b ${kafka} -t ${topic}${key ? ` -k '${key}'` : ''}`} />
    </form>
  );
}
