// Reference data to the protocol's JSON. Texts come from files of the operator and are escaped.
#pragma once

#include <string>
#include <string_view>

#include "market/adjustment.hpp"
#include "market/instrument.hpp"

namespace qos::api::json {

// Appends  ,"e":"NASD",…}  : an element of /instrument-info after its code, closing brace included. What is
// unknown is absent; a perpetual contract has e and tc only.
void append_instrument_info_body(std::string& out, const market::Instrument& instrument);

// Appends  ,"method":"ratio","actions":[…]}  : an element of /corporate-actions after its code. Of a step
// what is not known, or is no part of the method, is absent; a rights price is there with rights only.
void append_corporate_actions_body(std::string& out, const market::Adjustment& adjustment,
                                   market::AdjustmentMethod method);

enum class Language : std::uint8_t { zh, en };

// {"code":"HK:700","name":"腾讯控股"}: the name in the language, else in the other one, else the symbol.
void append_product(std::string& out, const market::Instrument& instrument, Language language);

}  // namespace qos::api::json
