#include "asl/variable_references.h"

#include <gmock/gmock.h>

namespace scones::asl {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

auto Of(const char* definition) {
  return VariableReferences(ParseJson(definition).value_or(json::object()).as_object());
}

TEST(VariableReferences, AreFoundInPathsTemplatesIntrinsicsAndExpressions) {
  EXPECT_THAT(Of(R"json({"StartAt":"A","States":{
            "A":{"Type":"Pass","Assign":{"x":1,"y.$":"$.b"},"Next":"B"},
            "B":{"Type":"Pass","Parameters":{"p.$":"States.Format('{} $y', $x)"},"Next":"C"
}
, "C" : {"Type" : "Wait", "SecondsPath" : "$y", "Next" : "D"}, "D" : {
  "Type" : "Pass",
           "QueryLanguage" : "JSONata",
                             "Output" : "{% $sum([$x, $z]) & '$y' %}",
                                        "End" : true
}
}
})json"),
              ElementsAre(Pair("B", ElementsAre("x")), Pair("C", ElementsAre("y")),
                          Pair("D", ElementsAre("x"))));
}

TEST(VariableReferences, BelongToTheStateThatReadsThemHoweverDeep) {
  EXPECT_THAT(Of(R"({"StartAt":"M","States":{
                    "M":{"Type":"Map","ItemsPath":"$list","Assign":{"list":[],"inner":0},
                         "ItemProcessor":{"StartAt":"I","States":{
                           "I":{"Type":"Choice","Choices":[{"Variable":"$inner","IsNull":true,
                                "Next":"J"}]},
                           "J":{"Type":"Pass","InputPath":"$.list","End":true}}},"End":true}}})"),
              ElementsAre(Pair("I", ElementsAre("inner")), Pair("M", ElementsAre("list"))));
}

}  // namespace
}  // namespace scones::asl
