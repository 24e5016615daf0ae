import WireFormats

/// Reads a JSON text whole.
func json(_ text: String, limits: WireLimits = WireLimits()) throws(WireError) -> WireValue {
  try WireValue(.json, Array(text.utf8), limits: limits)
}

/// Reads CBOR given as hexadecimal digits.
func cbor(_ hex: String, limits: WireLimits = WireLimits()) throws(WireError) -> WireValue {
  try WireValue(.cbor, bytes(hex: hex), limits: limits)
}

func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func number(_ mantissa: Int64, _ exponent: Int = 0) -> WireValue {
  .number(WireNumber(mantissa: mantissa, exponent: exponent))
}
