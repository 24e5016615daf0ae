extension JSONReader {
  /// Reads a number, its first character at `offset`.
  mutating func number() throws(WireError) -> WireEvent {
    let start = offset
    var index = start
    let isNegative = input[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var mantissa: UInt64 = 0
    var isExact = true
    let wholeStart = index
    index = digits(from: index, into: &mantissa, &isExact)
    guard index > wholeStart else {
      throw index < input.count ? .badNumber(offset: index) : .endsTooEarly(offset: index)
    }
    if input[wholeStart] == UInt8(ascii: "0"), index > wholeStart + 1 { throw .badNumber(offset: wholeStart) }
    var exponent = 0
    if index < input.count, input[index] == UInt8(ascii: ".") {
      let fractionStart = index + 1
      index = digits(from: fractionStart, into: &mantissa, &isExact)
      guard index > fractionStart else { throw .badNumber(offset: index) }
      exponent = fractionStart - index
    }
    if index < input.count, input[index] | 0x20 == UInt8(ascii: "e") {
      exponent += try exponentPart(&index)
    }
    guard index - start <= limits.numberBytesMax else { throw .tooLong(offset: start) }
    offset = index
    if isExact, mantissa == 0 { return .number(WireNumber(mantissa: 0, exponent: 0)) }
    if isExact, mantissa <= UInt64(Int64.max), exponent >= -400, exponent <= 308 {
      return .number(WireNumber(mantissa: isNegative ? -Int64(mantissa) : Int64(mantissa), exponent: exponent))
    }
    return try slowNumber(start..<index)
  }

  @inline(__always)
  private func digits(from start: Int, into mantissa: inout UInt64, _ isExact: inout Bool) -> Int {
    var index = start
    while index < input.count {
      let digit = input[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      // 10^18 - 1 times ten and nine more still fits; beyond it the number is read again as a double.
      if mantissa < 1_000_000_000_000_000_000 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
      } else {
        isExact = false
      }
      index += 1
    }
    return index
  }

  private func exponentPart(_ index: inout Int) throws(WireError) -> Int {
    index += 1
    var isNegative = false
    if index < input.count, input[index] == UInt8(ascii: "-") || input[index] == UInt8(ascii: "+") {
      isNegative = input[index] == UInt8(ascii: "-")
      index += 1
    }
    let start = index
    var exponent = 0
    while index < input.count {
      let digit = input[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      exponent = min(exponent * 10 + Int(digit), 100_000)
      index += 1
    }
    guard index > start else { throw .badNumber(offset: index) }
    return isNegative ? -exponent : exponent
  }

  private func slowNumber(_ range: Range<Int>) throws(WireError) -> WireEvent {
    let text = String(decoding: UnsafeRawBufferPointer(rebasing: input[range]), as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw .numberRange(offset: range.lowerBound) }
    if let whole = Int64(text) { return .number(WireNumber(mantissa: whole, exponent: 0)) }
    return .double(value)
  }
}
