set_source_files_properties(${root}/version.cpp PROPERTIES COMPILE_DEFINITIONS TARN_VERSION="${PROJECT_VERSION}")
