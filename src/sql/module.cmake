# Functions, a file each; some stand with another.
tarn_rows(TARGET tarn_sql NAMESPACE tarn::sql HEADER tarn/sql/functions.h ROW SqlFunction FUNCTION sql_functions
          FOLDER src/sql/functions SUFFIX _function ALSO delta_changes delta_scan stream table_detail)
