#include "commands/list.h"

#include "capabilities.h"
#include "command_line.h"
#include "tarn/demo/demo.h"

namespace tarn::cli {

std::vector<host::CommandRow> all_commands() {
    std::vector<host::CommandRow> rows;
    for (auto noun : {
             up_commands(),
             sql_commands(),
             topic_commands(),
             table_commands(),
             flow_commands(),
             settings_commands(),
             demo::commands(),
             doctor_commands(),
             explain_commands(),
             help_commands(),
             docs_commands(),
         })
        rows.insert(rows.end(), noun.begin(), noun.end());
    return rows;
}

CommandDoc command_docs() { return CommandLine(program(), all_commands()).docs(); }

}  // namespace tarn::cli
