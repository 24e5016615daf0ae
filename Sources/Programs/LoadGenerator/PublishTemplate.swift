/// A device's PUBLISH, all but the packet id, the sequence number and the time prepared once.
struct PublishTemplate {
  /// `topic length, topic`.
  private let topic: [UInt8]
  private let beforeSequence: [UInt8]
  private let afterTime: [UInt8]

  init(device: String, plan: LoadPlan) {
    let name = Array("anju/1/\(device)/\(plan.channel)".utf8)
    topic = [UInt8(name.count >> 8), UInt8(name.count & 255)] + name
    beforeSequence = Array(#"{"boot":\#(plan.boot),"seq":"#.utf8)
    afterTime = Array(",\(plan.content)}".utf8)
  }

  private static let beforeTime = Array(#","ts":"#.utf8)
  /// Room that one message needs beyond its prepared parts: header, packet id, two numbers.
  private static let numbersRoom = 5 + 2 + 20 + 20

  /// The most bytes one message takes.
  var bytesMax: Int {
    topic.count + beforeSequence.count + Self.beforeTime.count + afterTime.count + Self.numbersRoom
  }

  /// Appends one PUBLISH with QoS 1; the caller saw that `bytesMax` bytes are free.
  func append(to run: inout ByteRun, packetID: UInt16, sequence: UInt32, milliseconds: UInt64) {
    let length =
      topic.count + 2 + beforeSequence.count + Self.digits(UInt64(sequence)) + Self.beforeTime.count
      + Self.digits(milliseconds) + afterTime.count
    run.append(0x32)
    var rest = length
    repeat {
      run.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
      rest >>= 7
    } while rest > 0
    run.append(topic)
    run.append(UInt8(packetID >> 8))
    run.append(UInt8(packetID & 255))
    run.append(beforeSequence)
    run.append(decimal: UInt64(sequence))
    run.append(Self.beforeTime)
    run.append(decimal: milliseconds)
    run.append(afterTime)
  }

  private static func digits(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      count += 1
    }
    return count
  }
}
