import Kernel

/// Numbers that have come, as ranges; bounded by forgetting the lowest.
struct SequenceSet: Sendable, Hashable {
  private(set) var ranges: [ClosedRange<Int64>] = []
  /// Ranges were forgotten: nothing is known of numbers below the first one.
  private(set) var isCut = false

  /// Adds a number.
  ///
  /// - Returns: false when it was there. A number below those that were forgotten counts as new.
  mutating func insert(_ number: Int64, rangesMax: Int) -> Bool {
    if let last = ranges.last, number > last.upperBound {
      if number == last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
        return true
      }
      ranges.append(number...number)
    } else {
      // The first range that ends at or after the number.
      var low = 0
      var high = ranges.count
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
      }
      if low < ranges.count, ranges[low].contains(number) { return false }
      insert(number, before: low)
    }
    while ranges.count > max(1, rangesMax) {
      ranges.removeFirst()
      isCut = true
    }
    return true
  }

  private mutating func insert(_ number: Int64, before index: Int) {
    let joinsNext = index < ranges.count && ranges[index].lowerBound == number + 1
    let joinsPrevious = index > 0 && ranges[index - 1].upperBound == number - 1
    switch (joinsPrevious, joinsNext) {
    case (true, true):
      ranges[index - 1] = ranges[index - 1].lowerBound...ranges[index].upperBound
      ranges.remove(at: index)
    case (true, false): ranges[index - 1] = ranges[index - 1].lowerBound...number
    case (false, true): ranges[index] = number...ranges[index].upperBound
    case (false, false): ranges.insert(number...number, at: index)
    }
  }

  /// Those that are missing below the highest that came, oldest first.
  var gaps: [ClosedRange<Int64>] {
    var gaps: [ClosedRange<Int64>] = []
    if let first = ranges.first, !isCut, first.lowerBound > 0 { gaps.append(0...(first.lowerBound - 1)) }
    for (left, right) in zip(ranges, ranges.dropFirst()) {
      gaps.append((left.upperBound + 1)...(right.lowerBound - 1))
    }
    return gaps
  }
}

/// What has come of one device: a set of numbers for each of its latest starts.
struct SequenceState: Sendable, Hashable {
  struct Boot: Sendable, Hashable {
    let boot: Int64
    var numbers = SequenceSet()
  }

  static let bootsMax = 8
  /// By boot, rising.
  private(set) var boots: [Boot] = []

  init() {}

  /// - Returns: false for a message that came before. One of a start older than those kept counts as new.
  mutating func insert(boot: Int64, sequence: Int64, rangesMax: Int = 64) -> Bool {
    if let index = boots.firstIndex(where: { $0.boot == boot }) {
      return boots[index].numbers.insert(sequence, rangesMax: rangesMax)
    }
    if boots.count >= Self.bootsMax {
      if let first = boots.first, boot < first.boot { return true }
      boots.removeFirst()
    }
    var new = Boot(boot: boot)
    _ = new.numbers.insert(sequence, rangesMax: rangesMax)
    boots.insert(new, at: boots.firstIndex { $0.boot > boot } ?? boots.count)
    return true
  }

  /// What is missing, oldest first.
  var gaps: [SequenceRange] {
    boots.flatMap { boot in
      boot.numbers.gaps.map { SequenceRange(boot: boot.boot, from: $0.lowerBound, to: $0.upperBound) }
    }
  }
}

extension SequenceState {
  /// As stored: for each boot its number, the count of ranges twice (plus one when some were forgotten), and the ranges
  /// as distances, all varints.
  var bytes: [UInt8] {
    var writer = VarintWriter()
    writer.append(UInt64(boots.count))
    for boot in boots {
      writer.append(UInt64(bitPattern: boot.boot))
      writer.append(UInt64(boot.numbers.ranges.count) << 1 | (boot.numbers.isCut ? 1 : 0))
      var previous: Int64 = 0
      for range in boot.numbers.ranges {
        writer.append(UInt64(bitPattern: range.lowerBound &- previous))
        writer.append(UInt64(bitPattern: range.upperBound &- range.lowerBound))
        previous = range.upperBound
      }
    }
    return writer.bytes
  }

  /// - Returns: nil for bytes that `bytes` did not write.
  init?(bytes: [UInt8]) {
    var reader = VarintReader(bytes)
    guard let count = reader.next(), count <= UInt64(Self.bootsMax) else { return nil }
    for _ in 0..<count {
      guard let boot = reader.next(), let head = reader.next(), head >> 1 <= 65_536 else { return nil }
      guard let numbers = SequenceSet(&reader, count: Int(head >> 1), isCut: head & 1 == 1) else { return nil }
      boots.append(Boot(boot: Int64(bitPattern: boot), numbers: numbers))
    }
  }
}

extension SequenceSet {
  fileprivate init?(_ reader: inout VarintReader, count: Int, isCut: Bool) {
    self.isCut = isCut
    var previous: Int64 = 0
    for _ in 0..<count {
      guard let distance = reader.next(), let length = reader.next() else { return nil }
      let (low, lowOverflow) = previous.addingReportingOverflow(Int64(bitPattern: distance))
      let (high, highOverflow) = low.addingReportingOverflow(Int64(bitPattern: length))
      guard !lowOverflow, !highOverflow, low <= high, ranges.isEmpty || low > previous else { return nil }
      ranges.append(low...high)
      previous = high
    }
  }
}

/// Numbers of seven bits a byte, the lowest first.
struct VarintWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func append(contentsOf text: some Collection<UInt8>) {
    append(UInt64(text.count))
    bytes.append(contentsOf: text)
  }
}

/// Reads what `VarintWriter` wrote; nil at the end and for anything else.
struct VarintReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func next() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  mutating func nextText() -> [UInt8]? {
    guard let count = next(), count <= UInt64(bytes.count - offset) else { return nil }
    defer { offset += Int(count) }
    return Array(bytes[offset..<(offset + Int(count))])
  }
}
