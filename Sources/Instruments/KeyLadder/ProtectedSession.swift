import Guomi
import Synchronization

/// One side of an agreed session: seals what goes out, opens what comes in, each number once.
///
/// Any task may use it; numbers stay unique and in order of sealing.
public final class ProtectedSession: Sendable {
  /// Messages of one direction after which a new session is due: far below what the cipher bears.
  public static let messagesMax: UInt64 = 1 << 24

  /// What the session is called in every header; no secret.
  public let id: [UInt8]
  private let outgoing: ProtectedMessage.Direction
  private let sealer: SM4.SessionSealer
  private let opener: SM4.SessionOpener
  private let window = Mutex(ReplayWindow())

  init(_ secrets: SessionSecrets, side: SessionSecrets.Side) throws(KeyLadderError) {
    id = secrets.id
    outgoing = side == .device ? .up : .down
    let (out, back) = side == .device ? (secrets.up, secrets.down) : (secrets.down, secrets.up)
    do {
      sealer = try SM4.SessionSealer(out.key, salt: out.salt)
      opener = try SM4.SessionOpener(back.key, salt: back.salt)
    } catch {
      throw .length
    }
  }

  /// Seals a message.
  ///
  /// - Parameter context: what the message belongs to besides (its topic, the command's id); not sent, but the other
  ///   side needs the same to open it.
  /// - Throws: `.wornOut`, `.malformed` when it is too long.
  public func seal(_ message: [UInt8], context: [UInt8] = []) throws(KeyLadderError) -> [UInt8] {
    guard message.count <= ProtectedMessage.byteCountMax - ProtectedMessage.headerByteCount - SM4.tagByteCount else {
      throw .malformed
    }
    do {
      var number: UInt64 = 0
      let header = { (sequence: UInt64) -> [UInt8] in
        number = sequence
        return ProtectedMessage.header(self.outgoing, self.id, sequence) + context
      }
      let (made, sealed) = try sealer.seal(message, header: header)
      guard number < Self.messagesMax else { throw KeyLadderError.wornOut }
      return made.prefix(ProtectedMessage.headerByteCount) + sealed
    } catch {
      throw .wornOut
    }
  }

  /// Opens a message of the other side, once.
  ///
  /// - Throws: `.malformed`, `.session`, `.replayed`, `.notAuthentic`.
  public func open(_ bytes: [UInt8], context: [UInt8] = []) throws(KeyLadderError) -> [UInt8] {
    let message = try ProtectedMessage(bytes)
    guard message.session == id, message.direction == outgoing.opposite else { throw .session }
    guard message.number < Self.messagesMax else { throw .wornOut }
    guard window.withLock({ $0.mayBeNew(message.number) }) else { throw .replayed }
    let plain: [UInt8]
    do {
      plain = try opener.open(message.sealed, sequence: message.number, authenticating: message.header + context)
    } catch {
      throw .notAuthentic
    }
    // Two copies may have been opened side by side: the first one noted counts.
    guard window.withLock({ $0.note(message.number) }) else { throw .replayed }
    return plain
  }
}
