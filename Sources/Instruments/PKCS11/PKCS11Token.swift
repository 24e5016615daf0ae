import CPKCS11
import Dispatch
import Synchronization

/// A token that somebody is logged in to: AES keys that never leave it, named by their labels.
///
/// Calls may come from any thread; each takes a session of a small pool for its time.
public final class PKCS11Token: Sendable {
  /// The most sessions at once; a call beyond waits.
  public static let sessionsMax = 4
  /// The most bytes to encrypt or decrypt in one call.
  public static let bytesMax = 1 << 20

  /// What a module answers that lacks a function.
  static let functionMissing = CK_RV(CKR_FUNCTION_NOT_SUPPORTED)

  public let info: PKCS11TokenInfo
  let module: PKCS11Module
  private let places = DispatchSemaphore(value: PKCS11Token.sessionsMax)
  private let state: Mutex<State>

  private struct State {
    /// Keeps the login, which ends with the last session.
    var anchor: CK_SESSION_HANDLE?
    var idle: [CK_SESSION_HANDLE] = []
    var keys: [String: CK_OBJECT_HANDLE] = [:]
  }

  private init(module: PKCS11Module, info: PKCS11TokenInfo, anchor: CK_SESSION_HANDLE) {
    self.module = module
    self.info = info
    state = Mutex(State(anchor: anchor))
  }

  deinit { close() }

  /// Logs in to a token.
  ///
  /// - Parameter serialNumber: of `PKCS11TokenInfo`.
  /// - Throws: `.tokenUnknown`, `.pinWrong`, `.pinLocked`.
  public static func open(
    _ module: PKCS11Module, serialNumber: String, pin: UnsafeRawBufferPointer
  ) throws(PKCS11Error) -> PKCS11Token {
    guard let info = try module.tokens().first(where: { $0.serialNumber == serialNumber && $0.isInitialised })
    else { throw .tokenUnknown(serialNumber) }
    let session = try openSession(module, info.slot)
    do throws(PKCS11Error) {
      guard let login = module.functions.table.C_Login else { throw PKCS11Error.notLoggedIn }
      let code = login(
        session, CK_USER_TYPE(CKU_USER), UnsafeMutablePointer(mutating: pin.pin), UInt(pin.count))
      // Logged in is the whole process; a second owner of the same token is.
      if code != CKR_USER_ALREADY_LOGGED_IN { try PKCS11Error.check(code, "C_Login") }
    } catch {
      _ = module.functions.table.C_CloseSession?(session)
      throw error
    }
    return PKCS11Token(module: module, info: info, anchor: session)
  }

  private static func openSession(_ module: PKCS11Module, _ slot: UInt) throws(PKCS11Error) -> CK_SESSION_HANDLE {
    guard let open = module.functions.table.C_OpenSession else { throw .missing("C_OpenSession") }
    var session: CK_SESSION_HANDLE = 0
    let flags = CK_FLAGS(CKF_SERIAL_SESSION | CKF_RW_SESSION)
    try PKCS11Error.check(open(slot, flags, nil, nil, &session), "C_OpenSession")
    return session
  }

  /// Ends all sessions, and with them the login; later calls throw `.tokenGone`.
  public func close() {
    let sessions = state.withLock { state in
      defer { state = State() }
      return state.idle + (state.anchor.map { [$0] } ?? [])
    }
    for session in sessions { _ = module.functions.table.C_CloseSession?(session) }
  }

  /// True while the token is there and is the one that was opened.
  ///
  /// - Throws: `.tokenGone` otherwise.
  public func checkPresence() throws(PKCS11Error) {
    guard state.withLock({ $0.anchor }) != nil else { throw .tokenGone }
    guard let now = try module.tokens().first(where: { $0.slot == info.slot }),
      now.serialNumber == info.serialNumber, now.isInitialised
    else {
      close()
      throw .tokenGone
    }
  }

  /// Runs a body with a session, which goes back to the pool unless the token lost it.
  func withSession<T>(
    _ body: (CK_SESSION_HANDLE, CK_FUNCTION_LIST) throws(PKCS11Error) -> T
  ) throws(PKCS11Error) -> T {
    places.wait()
    defer { places.signal() }
    let (isOpen, idle) = state.withLock { ($0.anchor != nil, $0.idle.popLast()) }
    guard isOpen else { throw .tokenGone }
    let session: CK_SESSION_HANDLE
    if let idle { session = idle } else { session = try Self.openSession(module, info.slot) }
    do {
      let result = try body(session, module.functions.table)
      giveBack(session)
      return result
    } catch {
      switch error {
      case .tokenGone, .notLoggedIn:
        _ = module.functions.table.C_CloseSession?(session)
        close()
        throw .tokenGone
      default:
        // An operation that failed half-way ends with its session.
        _ = module.functions.table.C_CloseSession?(session)
        throw error
      }
    }
  }

  private func giveBack(_ session: CK_SESSION_HANDLE) {
    let isKept = state.withLock { state in
      guard state.anchor != nil else { return false }
      state.idle.append(session)
      return true
    }
    if !isKept { _ = module.functions.table.C_CloseSession?(session) }
  }

  func cachedKey(_ label: String) -> CK_OBJECT_HANDLE? { state.withLock { $0.keys[label] } }

  func cache(_ label: String, _ key: CK_OBJECT_HANDLE?) {
    state.withLock { state in
      // Bounded: a token holds few keys; whoever makes thousands pays a search.
      if state.keys.count >= 4_096 { state.keys = [:] }
      state.keys[label] = key
    }
  }
}
