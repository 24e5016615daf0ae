package import FoundationEssentials

/// One value of a property, an event or a command's argument, exact: a meter's reading is never a `Double`.
///
/// Two numbers are equal when they are the same number, however many zeros they were written with.
package enum PropertyValue: Sendable {
  case bool(Bool)
  case integer(Int64)
  /// `mantissa` × 10^-`scale`; scale 0 to 9.
  case decimal(mantissa: Int64, scale: Int)
  /// A text, or the key of an enumeration's value.
  case text(String)
}

extension PropertyValue: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.bool(let left), .bool(let right)): left == right
    case (.text(let left), .text(let right)): left == right
    default:
      if let left = left.shortest, let right = right.shortest { left == right } else { false }
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .bool(let value): hasher.combine(value)
    case .text(let value): hasher.combine(value)
    case .integer, .decimal:
      let number = shortest ?? (0, 0)
      hasher.combine(number.0)
      hasher.combine(number.1)
    }
  }

  /// The number without trailing zeros behind the point; nil for a boolean or a text.
  private var shortest: (Int64, Int)? {
    switch self {
    case .bool, .text: return nil
    case .integer(let value): return (value, 0)
    case .decimal(var mantissa, var scale):
      while scale > 0, mantissa % 10 == 0 {
        mantissa /= 10
        scale -= 1
      }
      return (mantissa, scale)
    }
  }
}

extension PropertyValue: CustomStringConvertible {
  /// As a person reads it and as JSON writes it, a text without its quotes: `true`, `42`, `-0.05`, `closed`.
  package var description: String {
    switch self {
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .decimal(let mantissa, let scale): Self.text(mantissa: mantissa, scale: scale)
    case .text(let value): value
    }
  }

  private static func text(mantissa: Int64, scale: Int) -> String {
    guard scale > 0 else { return String(mantissa) }
    let digits = String(mantissa.magnitude)
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    let whole = padded.dropLast(scale)
    return "\(mantissa < 0 ? "-" : "")\(whole).\(padded.suffix(scale))"
  }
}

extension PropertyValue: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Decimal.self) {
      guard let exact = Self(exactly: value) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "a number with too many digits")
      }
      self = exact
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .decimal: try container.encode(decimal)
    case .text(let value): try container.encode(value)
    }
  }

  /// The number as a decimal; zero for a boolean or a text.
  package var decimal: Decimal {
    switch self {
    case .integer(let value): Decimal(value)
    case .decimal(let mantissa, let scale):
      Decimal(sign: mantissa < 0 ? .minus : .plus, exponent: -scale, significand: Decimal(mantissa.magnitude))
    case .bool, .text: Decimal(0)
    }
  }

  /// - Returns: nil for a number of more than nine decimals or eighteen digits.
  package init?(exactly value: Decimal) {
    var scale = 0
    var scaled = value
    while scale <= 9 {
      if let mantissa = Int64(scaled.description) {
        self = scale == 0 ? .integer(mantissa) : .decimal(mantissa: mantissa, scale: scale)
        return
      }
      scaled *= 10
      scale += 1
    }
    return nil
  }
}
