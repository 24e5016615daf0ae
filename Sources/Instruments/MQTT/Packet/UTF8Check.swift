/// The strict UTF-8 rules of 1.5.4 (5) and 1.5.3 (3.1.1).
///
/// Never allowed: ill-formed sequences, overlong forms, surrogates [MQTT-1.5.4-1], U+0000 [MQTT-1.5.4-2]. A leading
/// U+FEFF is kept as it is [MQTT-1.5.4-3]. Both standards let a receiver refuse control characters and
/// non-characters too: names refuse them, other text (reason strings, user properties) takes them.
enum UTF8Check {
  /// Whether the bytes are a UTF-8 string without U+0000.
  static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool { check(bytes, refusesControls: false) }

  /// Whether the bytes are a UTF-8 string without control characters and non-characters.
  static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool { check(bytes, refusesControls: true) }

  /// Whether the bytes are a valid topic name: a name of at least one byte without `+` and `#`.
  ///
  /// Eight bytes at a time while they are plain ASCII: this runs once a message.
  static func isTopicName(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard !bytes.isEmpty, isName(bytes) else { return false }
    var index = 0
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if hasByte(word, 0x2B) || hasByte(word, 0x23) { return false }
      index += 8
    }
    while index < bytes.count {
      if bytes[index] == 0x2B || bytes[index] == 0x23 { return false }
      index += 1
    }
    return true
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  private static func hasByte(_ word: UInt64, _ byte: UInt8) -> Bool {
    let mixed = word ^ (ones &* UInt64(byte))
    return (mixed &- ones) & ~mixed & highs != 0
  }

  /// Eight bytes of 0x20...0x7E, or of 0x01...0x7F where controls are allowed. May say no to some that are fine.
  private static func isPlain(_ word: UInt64) -> Bool {
    (word | (word &- (ones &* 0x20)) | (word &+ ones)) & highs == 0
  }

  private static func check(_ bytes: UnsafeRawBufferPointer, refusesControls: Bool) -> Bool {
    var index = 0
    let count = bytes.count
    while index < count {
      while index + 8 <= count, isPlain(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { index += 8 }
      guard index < count else { break }
      guard let (scalar, length) = scalar(bytes, at: index) else { return false }
      if scalar == 0 { return false }
      if refusesControls, isControlOrNonCharacter(scalar) { return false }
      index += length
    }
    return true
  }

  private static func isControlOrNonCharacter(_ scalar: UInt32) -> Bool {
    scalar < 0x20 || (0x7F...0x9F).contains(scalar) || (0xFDD0...0xFDEF).contains(scalar)
      || scalar & 0xFFFE == 0xFFFE
  }

  /// One scalar and its length in bytes; nil when ill-formed (Unicode, table 3-7).
  private static func scalar(_ bytes: UnsafeRawBufferPointer, at index: Int) -> (UInt32, Int)? {
    let first = UInt32(bytes[index])
    if first < 0x80 { return (first, 1) }
    let length: Int
    let least: UInt32
    switch first {
    case 0xC2...0xDF: (length, least) = (2, 0x80)
    case 0xE0...0xEF: (length, least) = (3, 0x800)
    case 0xF0...0xF4: (length, least) = (4, 0x10000)
    default: return nil
    }
    guard index + length <= bytes.count else { return nil }
    var value = first & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let next = UInt32(bytes[index + offset])
      guard next & 0xC0 == 0x80 else { return nil }
      value = value << 6 | next & 0x3F
    }
    guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    return (value, length)
  }
}
