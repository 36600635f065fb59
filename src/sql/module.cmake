# Functions, a file each; two stand with what they read.
tarn_rows(TARGET tarn_sql NAMESPACE tarn::sql HEADER tarn/sql/functions.h ROW SqlFunction FUNCTION sql_functions
          FOLDER src/sql/functions SUFFIX _function ALSO delta_scan stream)
