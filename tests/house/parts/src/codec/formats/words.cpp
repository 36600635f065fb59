// A word a record, in the first declared field, which is a text.

#include "tarn/codec/payload_format.h"

namespace tarn::codec {
namespace {

class Words final : public PayloadDecoder {
  public:
    explicit Words(const DecoderOptions& options) : options_(options) {}
    Result<std::shared_ptr<ColumnBatch>> decode(std::span<const RecordView> records,
                                                std::shared_ptr<const void>,
                                                std::vector<uint32_t>& accepted,
                                                std::vector<Rejected>& rejected) override {
        accepted.clear();
        rejected.clear();
        auto out = std::make_shared<ColumnBatch>();
        ColumnBuilder words(ColumnType::kText), extra(ColumnType::kText);
        for (uint32_t i = 0; i < records.size(); ++i) {
            if (!records[i].value || records[i].value->empty()) {
                rejected.push_back({i, "no word", ""});
                continue;
            }
            words.add_text(*records[i].value);
            extra.add_null();
            accepted.push_back(i);
        }
        out->row_count = accepted.size();
        out->schema.push_back(options_.fields.at(0));
        out->columns.push_back(words.finish(*out));
        out->schema.push_back({options_.extra_column, ColumnType::kText, false});
        out->columns.push_back(extra.finish(*out));
        return out;
    }

  private:
    const DecoderOptions options_;
};

}  // namespace

PayloadFormat words_format() {
    return {.name = "words",
            .text = "A word a record.",
            .make_decoder = [](const DecoderOptions& options) -> std::unique_ptr<PayloadDecoder> {
                return std::make_unique<Words>(options);
            }};
}

}  // namespace tarn::codec
