/// The object ids of PostgreSQL's own types, which never change.
///
/// - Source: src/include/catalog/pg_type.dat of PostgreSQL 15.
enum PostgresType {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let char: UInt32 = 18
  static let name: UInt32 = 19
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let oid: UInt32 = 26
  static let float4: UInt32 = 700
  static let float8: UInt32 = 701
  static let unknown: UInt32 = 705
  static let bpchar: UInt32 = 1042
  static let varchar: UInt32 = 1043
  static let numeric: UInt32 = 1700
  static let void: UInt32 = 2278
  static let uuid: UInt32 = 2950
}

/// Parameters in PostgreSQL's binary format, in one buffer.
struct PostgresParameters {
  private(set) var bytes: [UInt8] = []
  private(set) var types: [UInt32] = []
  /// Where each value begins in `bytes`; nil for NULL.
  private(set) var starts: [Int?] = []
  private(set) var lengths: [Int32] = []

  init(_ values: [SQLValue]) {
    for value in values {
      let start = bytes.count
      switch value {
      case .null: types.append(0)
      case .integer(let value):
        types.append(PostgresType.int8)
        append(UInt64(bitPattern: value))
      case .real(let value):
        types.append(PostgresType.float8)
        append(value.bitPattern)
      case .text(let value):
        types.append(PostgresType.text)
        bytes.append(contentsOf: value.utf8)
      case .blob(let value):
        types.append(PostgresType.bytea)
        bytes.append(contentsOf: value)
      }
      starts.append(value == .null ? nil : start)
      lengths.append(Int32(clamping: bytes.count - start))
    }
    // An empty value at the end needs an address too.
    bytes.append(0)
  }

  /// One letter a parameter: a statement is prepared for its types.
  var signature: String {
    String(decoding: types.map { UInt8(ascii: "a") + UInt8(truncatingIfNeeded: $0 % 26) }, as: UTF8.self)
  }

  private mutating func append(_ bits: UInt64) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
  }
}

extension SQLValue {
  /// Reads a value in PostgreSQL's binary format.
  ///
  /// - Throws: `.column` for a type that SQLite has nothing like.
  init(postgres bytes: UnsafeRawBufferPointer, type: UInt32, column: String) throws(SQLError) {
    switch type {
    case PostgresType.bool, PostgresType.int2, PostgresType.int4, PostgresType.int8:
      self = .integer(Self.integer(bytes))
    case PostgresType.oid:
      self = .integer(Int64(UInt32(truncatingIfNeeded: Self.integer(bytes))))
    case PostgresType.float4:
      self = .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: Self.integer(bytes)))))
    case PostgresType.float8:
      self = .real(Double(bitPattern: UInt64(bitPattern: Self.integer(bytes))))
    case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name, PostgresType.unknown,
      PostgresType.char:
      self = .text(String(decoding: bytes, as: UTF8.self))
    case PostgresType.bytea, PostgresType.uuid:
      self = .blob(Array(bytes))
    case PostgresType.numeric:
      self = try Self.numeric(bytes, column)
    case PostgresType.void:
      self = .null
    default:
      throw .column(name: column, message: "PostgreSQL type \(type) is not supported: cast it")
    }
  }

  /// Big endian, of one to eight bytes, with its sign.
  private static func integer(_ bytes: some Sequence<UInt8>) -> Int64 {
    var value: UInt64 = 0
    var count = 0
    for byte in bytes {
      value = value << 8 | UInt64(byte)
      count += 1
    }
    let shift = UInt64(64 - 8 * count)
    return Int64(bitPattern: value << shift) >> Int64(shift)
  }

  /// `sum` of integers gives numeric in PostgreSQL, an integer in SQLite; `avg` gives numeric and a real.
  ///
  /// - Source: src/backend/utils/adt/numeric.c, numeric_send: digits of base 10,000, weight of the first.
  private static func numeric(_ bytes: UnsafeRawBufferPointer, _ column: String) throws(SQLError) -> SQLValue {
    let words = stride(from: 0, to: bytes.count - 1, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
    guard words.count >= 4, words.count == 4 + words[0], words[2] == 0 || words[2] == 0x4000 else {
      throw .column(name: column, message: "is not a finite number")
    }
    let (weight, isNegative, scale) = (Int(Int16(truncatingIfNeeded: words[1])), words[2] != 0, words[3])
    let digits = words[4...]
    guard scale == 0 else {
      // Only for reals: fractions of money are not stored.
      var value = 0.0
      for digit in digits { value = value * 10_000 + Double(digit) }
      for _ in 0..<max(0, digits.count - 1 - weight) { value /= 10_000 }
      for _ in 0..<max(0, weight + 1 - digits.count) { value *= 10_000 }
      return .real(isNegative ? -value : value)
    }
    var value: Int64 = 0
    for place in 0..<max(0, weight + 1) {
      let digit = Int64(place < digits.count ? digits[digits.startIndex + place] : 0)
      let (product, overflow) = value.multipliedReportingOverflow(by: 10_000)
      let (sum, sumOverflow) = product.subtractingReportingOverflow(digit)
      guard !overflow, !sumOverflow else { throw .column(name: column, message: "is larger than 64 bits") }
      value = sum
    }
    // Summed downwards, since there is one more negative number than positive ones.
    guard isNegative || value != .min else { throw .column(name: column, message: "is larger than 64 bits") }
    return .integer(isNegative ? value : -value)
  }
}
