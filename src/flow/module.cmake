# Kinds of parts, a file each.
foreach(part IN ITEMS "SourceKind source_kinds sources _source" "SinkKind sink_kinds sinks _sink"
                      "TriggerKind trigger_kinds triggers _trigger" "FlowKind flow_kinds kinds _flows")
  separate_arguments(part)
  list(GET part 0 row)
  list(GET part 1 function)
  list(GET part 2 folder)
  list(GET part 3 suffix)
  tarn_rows(TARGET tarn_flow NAMESPACE tarn::flow HEADER parts.h ROW ${row} FUNCTION ${function}
            FOLDER src/flow/${folder} SUFFIX ${suffix})
endforeach()
tarn_rows(TARGET tarn_flow NAMESPACE tarn::flow HEADER model_step.h ROW ModelStrategy FUNCTION model_strategies
          FOLDER src/flow/strategies SUFFIX _strategy)
