/// A bounded set of message numbers as ranges, in order; adjoining ranges are one.
struct NumberRanges: Hashable, Sendable {
  private(set) var ranges: [MessageRange] = []
  let countMax: Int

  init(countMax: Int) { self.countMax = countMax }

  /// The ranges that hold exactly these numbers; those beyond `countMax` ranges are left out, oldest kept.
  init(of numbers: some Sequence<MessageNumber>, countMax: Int) {
    self.countMax = countMax
    for number in numbers.sorted() {
      if let last = ranges.last, last.boot == number.boot, number.sequence <= last.to + 1 {
        ranges[ranges.count - 1].to = max(last.to, number.sequence)
      } else if ranges.count < countMax {
        ranges.append(MessageRange(boot: number.boot, from: number.sequence, to: number.sequence))
      } else {
        return
      }
    }
  }

  /// Adds one number. When there would be too many ranges the oldest is forgotten.
  mutating func insert(_ number: MessageNumber) {
    if ranges.contains(where: { $0.contains(number) }) { return }
    let place = ranges.firstIndex { ($0.boot, $0.from) > (number.boot, number.sequence) } ?? ranges.count
    ranges.insert(MessageRange(boot: number.boot, from: number.sequence, to: number.sequence), at: place)
    join(at: place + 1)
    join(at: place)
    if ranges.count > countMax { ranges.removeFirst() }
  }

  /// Removes what another set holds whole.
  mutating func remove(_ gone: [MessageRange]) {
    ranges.removeAll { range in
      gone.contains { $0.boot == range.boot && $0.from <= range.from && $0.to >= range.to }
    }
  }

  /// Makes the range at `index` and the one before it one, when they adjoin.
  private mutating func join(at index: Int) {
    guard index > 0, index < ranges.count else { return }
    let (before, after) = (ranges[index - 1], ranges[index])
    guard before.boot == after.boot, before.to + 1 >= after.from else { return }
    ranges[index - 1].to = max(before.to, after.to)
    ranges.remove(at: index)
  }
}

extension NumberRanges {
  /// `boot from to` a line.
  var bytes: [UInt8] { Array(ranges.map { "\($0.boot) \($0.from) \($0.to)" }.joined(separator: "\n").utf8) }

  init(bytes: [UInt8], countMax: Int) {
    self.countMax = countMax
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(countMax) {
      let numbers = line.split(separator: " ").compactMap { Int64($0) }
      if numbers.count == 3 { ranges.append(MessageRange(boot: numbers[0], from: numbers[1], to: numbers[2])) }
    }
  }
}
