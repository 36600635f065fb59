import { useMemo } from 'react';
import { useGroups, useKafka } from '../api/queries';
import type { GroupSummary } from '../api/types';
import type { GridColumn } from '../components/DataGrid';
import { Empty } from '../components/States';
import { compact, count } from '../format';
import { address, Link } from '../router';
import { List, nameColumn } from './Lists';

// Kafka's states in the colours of the page: only what moves or stands still needs a look.
export const groupTone = (state: string) => (state === 'Stable' ? 'running' : state === 'Empty' || state === 'Dead' ? 'paused' : 'starting');

export const missedOf = (group: GroupSummary) => group.topics.reduce((sum, topic) => sum + topic.missed, 0);

export function Groups() {
  const query = useGroups();
  const kafka = useKafka();
  const columns = useMemo<GridColumn<GroupSummary>[]>(() => [
    nameColumn('group'),
    { id: 'state', name: 'State', value: (g) => g.state, cell: (g) => <span className={`state ${groupTone(g.state)}`}>{g.state}</span>, width: 20 },
    { id: 'members', name: 'Members', value: (g) => g.members, cell: (g) => count(g.members), right: true, width: 10 },
    { id: 'lag', name: 'Lag', value: (g) => g.lag, cell: (g) => (g.lag === null ? '–' : compact(g.lag)), right: true, width: 10 },
    { id: 'missed', name: 'Missed', value: missedOf, cell: (g) => <span className={missedOf(g) ? 'amber' : ''}>{count(missedOf(g))}</span>, right: true, width: 10 },
    { id: 'topics', name: 'Topics', value: (g) => g.topics.map((t) => t.name).join(', '), cell: (g) => g.topics.map((t, i) => <span key={t.name}>{i > 0 && ', '}<Link className="mono" to={address('/topic', { name: t.name, tab: 'groups' })}>{t.name}</Link></span>), grow: true },
  ], []);
  return (
    <List kind="group" title="Consumer groups" query={query} rows={query.data?.groups} columns={columns} commands={['tarn group list', 'tarn sql "select * from system.consumer_groups"', `curl http://${location.host}/api/v1/groups`]}
      why="Who reads topics from outside, over Kafka’s protocol. Lag counts records behind what a group has committed; missed are those that retention removed before it read them."
      empty={<Empty title="No consumer groups yet" command={`kcat -b ${kafka} -G my-group clicks`}>A group comes to be when its first Kafka consumer joins or commits. Tarn’s own flows need none: they keep their positions in their sinks.</Empty>} />
  );
}
