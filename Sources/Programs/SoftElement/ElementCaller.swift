import Glibc
import Guomi
import SecureElement

/// A connection of a caller: what came and is no whole frame yet, what is answered and not sent yet.
struct ElementCaller {
  let number: SoftElement.Caller
  let reading: Int32
  let writing: Int32
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  /// It closed, or what it sent can not be understood.
  private(set) var isOver = false

  init(number: SoftElement.Caller, reading: Int32, writing: Int32) {
    self.number = number
    self.reading = reading
    self.writing = writing
  }

  /// While an answer is not sent nothing is read: a caller that does not listen stops itself.
  var isAnswering: Bool { !output.isEmpty }

  /// Whether a whole frame has come besides the one that was answered.
  var isWaiting: Bool {
    guard !isAnswering, input.count >= 4 else { return false }
    return input.count - 4 >= input[..<4].reduce(0) { $0 << 8 | Int($1) }
  }

  var events: Int16 { Int16(isAnswering ? POLLOUT : POLLIN) }

  /// Takes a frame that is there already, else reads once.
  ///
  /// - Returns: a frame when one is whole.
  mutating func receive() -> ElementFrame? {
    if isWaiting { return takeFrame() }
    let room = ElementLimits.frameByteCountMax + 4 - input.count
    var part = [UInt8](repeating: 0, count: room)
    let count = read(reading, &part, room)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return nil }
    guard count > 0 else {
      isOver = true
      return nil
    }
    input += part[..<count]
    return takeFrame()
  }

  private mutating func takeFrame() -> ElementFrame? {
    do throws(SecureElementError) {
      return try ElementFrame.take(from: &input)
    } catch {
      // One answer that says why, then the end: the next frame's beginning is not known.
      output += ElementFrame(number: 0, code: error.rawValue, body: []).bytes
      send()
      isOver = true
      return nil
    }
  }

  mutating func answer(_ frame: ElementFrame) {
    output += frame.bytes
    send()
  }

  /// Sends what the connection takes.
  mutating func send() {
    let count = output.withUnsafeBytes { bytes -> Int in
      let count = Glibc.send(writing, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      return count < 0 && errno == ENOTSOCK ? write(writing, bytes.baseAddress, bytes.count) : count
    }
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
    guard count > 0 else {
      isOver = true
      return
    }
    output.removeFirst(count)
  }

  func close() {
    Glibc.close(reading)
    if writing != reading { Glibc.close(writing) }
  }
}
