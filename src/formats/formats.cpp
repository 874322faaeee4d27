#include "formats/formats.h"

namespace quantrial {

int64_t rows(const Weight& weight) {
  return std::visit([](const Format auto& w) { return w.rows; }, weight);
}

int64_t columns(const Weight& weight) {
  return std::visit([](const Format auto& w) { return w.columns; }, weight);
}

int64_t bytes(const Weight& weight) {
  return std::visit([](const Format auto& w) { return w.bytes(); }, weight);
}

std::string_view format_name(const Weight& weight) {
  return std::visit([]<Format F>(const F&) { return F::name; }, weight);
}

const Activations& activations(const Weight& weight) {
  static constexpr Activations unquantized = Unquantized{};
  return std::visit(
      [](const Format auto& w) -> const Activations& {
        if constexpr (requires { w.activations; }) {
          return w.activations;
        } else {
          return unquantized;
        }
      },
      weight);
}

void decode_row(const Weight& weight, int64_t n, std::span<float> row) {
  std::visit([&](const Format auto& w) { w.decode_row(n, row); }, weight);
}

}  // namespace quantrial
