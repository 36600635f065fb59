# Kinds of models and sections of tarn.yml, a file each.
tarn_rows(TARGET tarn_project NAMESPACE tarn::project HEADER tarn/project/model_kind.h ROW ModelKind
          FUNCTION model_kinds FOLDER src/project/kinds SUFFIX _kind FIRST materialized_view incremental)
tarn_rows(TARGET tarn_project NAMESPACE tarn::project HEADER tarn/project/section.h ROW Section
          FUNCTION sections FOLDER src/project/sections SUFFIX _section FIRST name topics LAST maintain settings)
