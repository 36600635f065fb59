# Commands and checks of `tarn doctor`, a file each.
tarn_rows(TARGET tarn_cli NAMESPACE tarn::cli HEADER commands.h ROW host::CommandRow SPANS FUNCTION own_commands
          FOLDER src/cli/commands SUFFIX _commands
          FIRST up sql topic group table view flow settings LAST doctor explain help docs)
tarn_rows(TARGET tarn_cli NAMESPACE tarn::cli HEADER doctor_checks.h ROW host::DoctorCheck SPANS
          FUNCTION own_doctor_checks FOLDER src/cli/doctor SUFFIX _checks
          FIRST versions project memory listeners open_files data_folder disk LAST clock)
