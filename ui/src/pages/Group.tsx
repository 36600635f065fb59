import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../api/client';
import type { GroupDetail } from '../api/types';
import { DataGrid, type GridColumn } from '../components/DataGrid';
import { Fact, Facts, NodeHead, Tabs } from '../components/NodeHead';
import { Before, Empty } from '../components/States';
import { Why } from '../components/Why';
import { age, compact, count } from '../format';
import { useTick } from '../live/clock';
import { live } from '../live/stream';
import { address, Link, useParam } from '../router';
import { groupTone } from './Groups';

type Member = GroupDetail['members'][number];
type Partition = GroupDetail['partitions'][number];

function Partitions({ group }: { group: GroupDetail }) {
  const clients = useMemo(() => new Map(group.members.map((m) => [m.id, m.client_id])), [group]);
  const columns = useMemo<GridColumn<Partition>[]>(() => [
    { id: 'topic', name: 'Topic', value: (p) => p.topic, cell: (p) => <Link className="mono" to={address('/topic', { name: p.topic, tab: 'groups' })}>{p.topic}</Link>, width: 22 },
    { id: 'partition', name: 'Partition', value: (p) => p.partition, right: true, width: 10 },
    { id: 'lag', name: 'Lag', value: (p) => p.lag, cell: (p) => (p.lag === null ? '–' : count(p.lag)), right: true, width: 12 },
    { id: 'committed', name: 'Committed', value: (p) => p.committed_offset, cell: (p) => (p.committed_offset === null ? 'never' : <Link to={address('/topic', { name: p.topic, partition: p.partition, offset: p.committed_offset })}>{count(p.committed_offset)}</Link>), right: true, width: 14 },
    { id: 'end', name: 'Log end', value: (p) => p.log_end_offset, cell: (p) => count(p.log_end_offset), right: true, width: 14 },
    { id: 'missed', name: 'Missed', value: (p) => p.missed, cell: (p) => <span className={p.missed ? 'amber' : ''}>{count(p.missed)}</span>, right: true, width: 10 },
    { id: 'when', name: 'Last commit', value: (p) => p.committed_at, cell: (p) => (p.committed_at ? age(live.now() - Date.parse(p.committed_at)) : '–'), right: true, width: 15 },
    { id: 'member', name: 'Read by', value: (p) => p.member, cell: (p) => (p.member ? <span title={p.member}>{clients.get(p.member) || p.member}</span> : 'nobody'), grow: true },
  ], [clients]);
  if (group.partitions.length === 0) return <Empty title="It reads nothing yet">No member was given a partition, and no offset is committed.</Empty>;
  return <DataGrid label="Partitions" columns={columns} rows={group.partitions} rowKey={(p) => `${p.topic}/${p.partition}`} />;
}

const memberColumns: GridColumn<Member>[] = [
  { id: 'client', name: 'Client', value: (m) => m.client_id, width: 22 },
  { id: 'host', name: 'From', value: (m) => m.host, width: 18 },
  { id: 'partitions', name: 'Partitions', value: (m) => m.partitions, cell: (m) => count(m.partitions), right: true, width: 11 },
  { id: 'instance', name: 'Instance', value: (m) => m.instance_id, width: 16 },
  { id: 'id', name: 'Member', value: (m) => m.id, grow: true },
];

function Members({ group }: { group: GroupDetail }) {
  if (group.members.length === 0) return <Empty title="Nobody is a member now">Its offsets are kept: a consumer that joins goes on from them.</Empty>;
  return <DataGrid label="Members" columns={memberColumns} rows={group.members} rowKey={(m) => m.id} sortParam="members" />;
}

export function Group({ name }: { name: string }) {
  useTick(1000);
  const query = useQuery({ queryKey: ['group', name], queryFn: ({ signal }) => get('/api/v1/groups/{name}', { path: { name } }, signal), refetchInterval: 1000, retry: false });
  const [tab, setTab] = useParam('tab', 'partitions');
  const group = query.data;
  const describe = `tarn group describe '${name}'`;
  const missed = group?.partitions.reduce((sum, p) => sum + p.missed, 0) ?? 0;
  return (
    <div className="stack">
      <NodeHead kind="group" name={name} why="Consumers that share the partitions of topics among them, over Kafka’s protocol. Committed offsets are durable; members join anew after a restart." commands={[describe, `curl http://${location.host}/api/v1/groups/${encodeURIComponent(name)}`]} />
      <Before query={query} />
      {group && (
        <>
          {missed > 0 && <p className="verdict warn"><b>Look:</b> retention removed {count(missed)} records before this group read them. Keep its topics longer, or let it read faster.</p>}
          <Facts from="As the broker says of this group, read each second." commands={[describe]}>
            <Fact name="State" value={<span className={`state ${groupTone(group.state)}`}>{group.state}</span>} />
            <Fact name="Lag" value={group.lag === null ? 'not known' : `${compact(group.lag)} records`} tone={undefined}><Why label="lag" text="High watermarks less the committed offsets, over all partitions that have one." commands={[describe]} /></Fact>
            <Fact name="Members" value={count(group.members.length)} />
            <Fact name="Partitions" value={count(group.partitions.length)} />
            <Fact name="Assigned by" value={group.protocol || '–'} />
            <Fact name="Generation" value={count(group.generation)}><Why label="generation" text="Counts how often partitions were shared out anew since the server started." commands={[describe]} /></Fact>
          </Facts>
          <section className="panel">
            <Tabs tabs={[['partitions', 'Partitions'], ['members', 'Members']]} at={tab} set={setTab} />
            {tab === 'partitions' && <Partitions group={group} />}
            {tab === 'members' && <Members group={group} />}
          </section>
        </>
      )}
    </div>
  );
}
