#pragma once

// The handlers of the api table, by the file that holds them. Each answers its call exactly once.

#include "broker.h"
#include "messages.h"

namespace tarn::kafka {

// broker.cpp
void api_versions(Broker&, Call<ApiVersionsRequest, ApiVersionsResponse>);
// metadata.cpp
void metadata(Broker&, Call<MetadataRequest, MetadataResponse>);
void describe_cluster(Broker&, Call<DescribeClusterRequest, DescribeClusterResponse>);
void find_coordinator(Broker&, Call<FindCoordinatorRequest, FindCoordinatorResponse>);
// produce.cpp
void produce(Broker&, Call<ProduceRequest, ProduceResponse>);
void init_producer_id(Broker&, Call<InitProducerIdRequest, InitProducerIdResponse>);
// fetch.cpp
void fetch(Broker&, Call<FetchRequest, FetchResponse>);
// list_offsets.cpp
void list_offsets(Broker&, Call<ListOffsetsRequest, ListOffsetsResponse>);
void offset_for_leader_epoch(Broker&,
                             Call<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>);
void delete_records(Broker&, Call<DeleteRecordsRequest, DeleteRecordsResponse>);
// topics.cpp
void create_topics(Broker&, Call<CreateTopicsRequest, CreateTopicsResponse>);
void delete_topics(Broker&, Call<DeleteTopicsRequest, DeleteTopicsResponse>);
void create_partitions(Broker&, Call<CreatePartitionsRequest, CreatePartitionsResponse>);
void alter_partition_reassignments(
    Broker&, Call<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>);
void list_partition_reassignments(
    Broker&, Call<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>);
// configs.cpp
void describe_configs(Broker&, Call<DescribeConfigsRequest, DescribeConfigsResponse>);
void alter_configs(Broker&, Call<AlterConfigsRequest, AlterConfigsResponse>);
void incremental_alter_configs(
    Broker&, Call<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>);
// groups.cpp
void join_group(Broker&, Call<JoinGroupRequest, JoinGroupResponse>);
void sync_group(Broker&, Call<SyncGroupRequest, SyncGroupResponse>);
void heartbeat(Broker&, Call<HeartbeatRequest, HeartbeatResponse>);
void leave_group(Broker&, Call<LeaveGroupRequest, LeaveGroupResponse>);
void describe_groups(Broker&, Call<DescribeGroupsRequest, DescribeGroupsResponse>);
void list_groups(Broker&, Call<ListGroupsRequest, ListGroupsResponse>);
void delete_groups(Broker&, Call<DeleteGroupsRequest, DeleteGroupsResponse>);
// group_offsets.cpp
void offset_commit(Broker&, Call<OffsetCommitRequest, OffsetCommitResponse>);
void offset_fetch(Broker&, Call<OffsetFetchRequest, OffsetFetchResponse>);
void offset_delete(Broker&, Call<OffsetDeleteRequest, OffsetDeleteResponse>);

}  // namespace tarn::kafka
