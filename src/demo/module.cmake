# What the module carries: the project and its data.
file(GLOB_RECURSE demo_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/demo/project/*.yml ${CMAKE_SOURCE_DIR}/demo/project/*.sql)
tarn_embed(TARGET tarn_demo NAMESPACE tarn::demo HEADER demo_project.h NAME demo_project FILES ${demo_files}
           BASE ${CMAKE_SOURCE_DIR}/demo/project)
file(GLOB demo_data CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/demo/data/*.zst)
tarn_embed(TARGET tarn_demo NAMESPACE tarn::demo HEADER demo_data.h NAME demo_data FILES ${demo_data}
           BASE ${CMAKE_SOURCE_DIR}/demo/data)
