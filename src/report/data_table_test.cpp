#include "report/data_table.h"

#include <gtest/gtest.h>

namespace quantrial::report {
namespace {

DataTable table() {
  DataTable t{"sizes",
              "Sizes",
              {{"variant", "variant"},
               {"accuracy", "accuracy", Unit::share},
               {"delta", "difference", Unit::points},
               {"bytes", "size", Unit::bytes}}};
  t.add({"a, \"b\"\nc", Figure{0.625, 0.5, 0.75}, Figure{-0.0131, -0.025, 0.0004}, 18970000.0});
  t.add({"", 1.0, std::monostate(), std::string("not measured")});
  return t;
}

// RFC 4180, 2.6 and 2.7; the numbers are the stored ones.
TEST(Csv, QuotesAndKeepsEveryDigit) {
  EXPECT_EQ(csv(table()),
            "variant,accuracy,accuracy_lo,accuracy_hi,delta,delta_lo,delta_hi,bytes\n"
            "\"a, \"\"b\"\"\nc\",0.625,0.5,0.75,-0.0131,-0.025,0.0004,18970000\n"
            ",1,,,,,,not measured\n");
}

TEST(Shown, ScalesToTheUnitOfTheColumn) {
  const DataTable t = table();
  EXPECT_EQ(heading(t, 1), "accuracy, %");
  EXPECT_EQ(heading(t, 3), "size, MB");
  EXPECT_EQ(shown(scaled(t, 1), t.rows[0].values[1]), "62.5 [50.0, 75.0]");
  EXPECT_EQ(shown(scaled(t, 2), t.rows[0].values[2]), "\u22121.3 [\u22122.5, 0.0]");
  EXPECT_EQ(shown(scaled(t, 2), t.rows[1].values[2]), "\u2013");
  EXPECT_EQ(shown(scaled(t, 3), t.rows[0].values[3]), "19.0");
  EXPECT_EQ(shown(scaled(t, 3), t.rows[1].values[3]), "not measured");
}

TEST(Shown, KeepsSignificantDigits) {
  EXPECT_EQ(significant(0.00123456, 3), "0.00123");
  EXPECT_EQ(significant(-1234567, 3), "\u22121,234,567");
  EXPECT_EQ(significant(0, 3), "0");
  EXPECT_EQ(significant(0.0000123, 3), "1.2e-5");
  EXPECT_EQ(fixed(-0.04, 1), "0.0") << "no minus before a zero";
  EXPECT_EQ(fixed(999.96, 1), "1,000.0");
  EXPECT_EQ(shown({Unit::probability, 1, ""}, 0.0004), "<0.001");
}

}  // namespace
}  // namespace quantrial::report
