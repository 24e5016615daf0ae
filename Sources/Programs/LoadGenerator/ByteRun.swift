/// A fixed block of bytes that is filled at the end and drained at the front.
///
/// The memory is this value's own until `deallocate`; every access is checked against the capacity.
struct ByteRun {
  private let memory: UnsafeMutableRawBufferPointer
  private(set) var start = 0
  private(set) var end = 0

  init(capacity: Int) {
    memory = .allocate(byteCount: capacity, alignment: 8)
  }

  func deallocate() { memory.deallocate() }

  var count: Int { end - start }
  var room: Int { memory.count - end }

  /// The bytes not yet drained.
  var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }
  /// The room behind them.
  var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[end...]) }

  mutating func didFill(_ bytes: Int) {
    precondition(bytes >= 0 && bytes <= room)
    end += bytes
  }

  mutating func didDrain(_ bytes: Int) {
    precondition(bytes >= 0 && bytes <= count)
    start += bytes
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Moves what is left to the front, to make room behind it.
  mutating func compact() {
    guard start > 0, let base = memory.baseAddress else { return }
    base.copyMemory(from: base + start, byteCount: count)
    end -= start
    start = 0
  }

  mutating func append(_ byte: UInt8) {
    memory[end] = byte
    end += 1
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count <= room)
    UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: bytes)
    end += bytes.count
  }

  mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Appends a number in decimal.
  mutating func append(decimal value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}
