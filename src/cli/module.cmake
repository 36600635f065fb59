# What the program carries: the demo's project and its clicks.
file(GLOB_RECURSE demo_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/scenarios/q01-clickstream/*.yml
     ${CMAKE_SOURCE_DIR}/scenarios/q01-clickstream/*.sql)
tarn_embed(TARGET tarn NAMESPACE tarn::cli HEADER demo_project.h NAME demo_project FILES ${demo_files}
           BASE ${CMAKE_SOURCE_DIR}/scenarios/q01-clickstream)
file(GLOB demo_data CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/demo/data/clicks*)
tarn_embed(TARGET tarn NAMESPACE tarn::cli HEADER demo_clicks.h NAME demo_clicks FILES ${demo_data}
           BASE ${CMAKE_SOURCE_DIR}/demo/data)
