import COpenSSL
import Glibc

/// One device's connection: what it sent, what it waits for.
struct LoadConnection {
  enum State {
    case connecting
    case handshaking
    case greeting
    case up
    case closed
  }

  let number: Int
  let socket: Int32
  var wire: Wire = .plain
  var state = State.connecting
  var inbound = ByteRun(capacity: 1_024)
  var outbound = ByteRun(capacity: 8_192)
  let template: PublishTemplate
  var inFlight = 0
  var sequence: UInt32 = 0
  /// When the message with packet id p was due or sent: nanoseconds at `p % 64`.
  private let stamps = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
  /// What epoll was last asked for, so that it is asked only for a change.
  var wantsWrite = true

  init(number: Int, socket: Int32, template: PublishTemplate) {
    self.number = number
    self.socket = socket
    self.template = template
    stamps.initialize(repeating: 0, count: 64)
  }

  var hasRoom: Bool { outbound.room >= template.bytesMax }

  /// Asks to be known by the device's name: CONNECT of MQTT 3.1.1, clean session, no keep-alive.
  mutating func greet() {
    let name = Array(LoadPlan.deviceName(number).utf8)
    outbound.append([0x10, UInt8(12 + name.count), 0, 4])
    outbound.append(Array("MQTT".utf8))
    outbound.append([4, 2, 0, 0, UInt8(name.count >> 8), UInt8(name.count & 255)])
    outbound.append(name)
    state = .greeting
  }

  /// Queues one message; `hasRoom` was true.
  mutating func publish(stamp: UInt64, milliseconds: UInt64) {
    let packetID = UInt16(sequence % 65_535) + 1
    template.append(to: &outbound, packetID: packetID, sequence: sequence, milliseconds: milliseconds)
    stamps[Int(packetID) & 63] = stamp
    sequence &+= 1
    inFlight += 1
  }

  /// Takes an acknowledgement; returns when its message was due or sent.
  mutating func acknowledge(packetID: UInt16) -> UInt64 {
    inFlight -= 1
    return stamps[Int(packetID) & 63]
  }

  /// Writes what waits. Returns false when the connection is gone.
  mutating func flush() -> Bool {
    while outbound.count > 0 {
      switch wire.write(socket, outbound.filled) {
      case .bytes(let count): outbound.didDrain(count)
      case .again:
        outbound.compact()
        return true
      case .closed: return false
      }
    }
    return true
  }

  mutating func close() {
    if case .tls(let session) = wire { SSL_free(session) }
    Glibc.close(socket)
    state = .closed
  }

  func deallocate() {
    inbound.deallocate()
    outbound.deallocate()
    stamps.deallocate()
  }
}
