tarn_rows(TARGET tarn_host NAMESPACE tarn::host HEADER tarn/host/system_table.h ROW SystemTable
          FUNCTION system_tables FOLDER src/host/system_tables SUFFIX _table)
