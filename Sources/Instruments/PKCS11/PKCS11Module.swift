import CPKCS11
import Glibc
import Synchronization

/// A PKCS #11 module: the shared library that stands for a security module, SoftHSM2 or a real one.
///
/// A module is initialised once a process and never finalised: other users in the process would lose their sessions.
public final class PKCS11Module: Sendable {
  public let path: String
  /// One look at the slots or change of them at a time: SoftHSM2 makes a free slot while it lists them, without a lock.
  private let slots = Mutex(())
  let functions: Functions

  /// The module's functions.
  // @unchecked: the table is constant after loading, stays loaded for the life of the process, and the module promised
  // to lock (CKF_OS_LOCKING_OK).
  struct Functions: @unchecked Sendable {
    let list: UnsafeMutablePointer<CK_FUNCTION_LIST>
    var table: CK_FUNCTION_LIST { list.pointee }
  }

  private static let loaded = Mutex<[String: PKCS11Module]>([:])

  private init(path: String, functions: Functions) {
    self.path = path
    self.functions = functions
  }

  /// Loads a module, or gives the one already loaded from this path.
  ///
  /// - Throws: `.moduleUnusable`.
  public static func load(path: String) throws(PKCS11Error) -> PKCS11Module {
    let result = loaded.withLock { loaded -> Result<PKCS11Module, PKCS11Error> in
      if let module = loaded[path] { return .success(module) }
      return Result { () throws(PKCS11Error) in
        let module = PKCS11Module(path: path, functions: try open(path))
        loaded[path] = module
        return module
      }
    }
    return try result.get()
  }

  private typealias GetFunctionList =
    @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<CK_FUNCTION_LIST>?>?) -> CK_RV

  private static func open(_ path: String) throws(PKCS11Error) -> Functions {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw .moduleUnusable(path: path, reason: dlerror().map { String(cString: $0) } ?? "unknown")
    }
    guard let symbol = dlsym(library, "C_GetFunctionList") else {
      dlclose(library)
      throw .moduleUnusable(path: path, reason: "it has no C_GetFunctionList")
    }
    // The standard fixes the type behind this name.
    let getFunctionList = unsafeBitCast(symbol, to: GetFunctionList.self)
    var list: UnsafeMutablePointer<CK_FUNCTION_LIST>?
    guard getFunctionList(&list) == CKR_OK, let list else {
      throw .moduleUnusable(path: path, reason: "it gives no functions")
    }
    var arguments = CK_C_INITIALIZE_ARGS()
    arguments.flags = CK_FLAGS(CKF_OS_LOCKING_OK)
    let code = list.pointee.C_Initialize?(&arguments) ?? CK_RV(CKR_GENERAL_ERROR)
    guard code == CKR_OK || code == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
      throw .moduleUnusable(path: path, reason: "C_Initialize answered 0x\(String(code, radix: 16))")
    }
    return Functions(list: list)
  }
}

/// What a token says of itself.
public struct PKCS11TokenInfo: Sendable, Hashable {
  let slot: UInt
  /// Given when it was initialised; up to 32 bytes of UTF-8.
  public let label: String
  /// The token's own; a token that was initialised anew has another.
  public let serialNumber: String
  public let isInitialised: Bool
  public let isPINLocked: Bool
  /// The next wrong PIN, or the one after, locks it; as far as the module says so.
  public let isPINCountLow: Bool
}

extension PKCS11Module {
  /// The most slots that are looked at.
  static let slotsMax = 1_024

  /// All tokens that are there, initialised or not.
  public func tokens() throws(PKCS11Error) -> [PKCS11TokenInfo] {
    let result = slots.withLock { _ in
      Result { () throws(PKCS11Error) in try list() }
    }
    return try result.get()
  }

  private func list() throws(PKCS11Error) -> [PKCS11TokenInfo] {
    guard let getSlotList = functions.table.C_GetSlotList, let getTokenInfo = functions.table.C_GetTokenInfo
    else { throw .moduleUnusable(path: path, reason: "functions are missing") }
    var count: UInt = 0
    // The first call, without room, also makes the module look for new tokens.
    try PKCS11Error.check(getSlotList(1, nil, &count), "C_GetSlotList")
    guard count <= Self.slotsMax else { throw .tooLarge(bytes: Int(count), max: Self.slotsMax) }
    var slots = [CK_SLOT_ID](repeating: 0, count: Int(count) + 16)
    count = UInt(slots.count)
    try PKCS11Error.check(getSlotList(1, &slots, &count), "C_GetSlotList")
    var tokens: [PKCS11TokenInfo] = []
    for slot in slots.prefix(Int(count)) {
      var info = CK_TOKEN_INFO()
      // A token may go between the two calls.
      guard getTokenInfo(slot, &info) == CKR_OK else { continue }
      tokens.append(PKCS11TokenInfo(slot: slot, info))
    }
    return tokens
  }

  /// Makes a new token in a free slot.
  ///
  /// - Parameters:
  ///   - label: 1 to 32 bytes of UTF-8; a second one of the same label is not found by it.
  ///   - officerPIN: the security officer's; 4 to 255 bytes with SoftHSM2.
  ///   - userPIN: of whoever uses its keys.
  public func initialiseToken(
    label: String, officerPIN: UnsafeRawBufferPointer, userPIN: UnsafeRawBufferPointer
  ) throws(PKCS11Error) -> PKCS11TokenInfo {
    let result = slots.withLock { _ in
      Result { () throws(PKCS11Error) in try initialise(label, officerPIN, userPIN) }
    }
    return try result.get()
  }

  private func initialise(
    _ label: String, _ officerPIN: UnsafeRawBufferPointer, _ userPIN: UnsafeRawBufferPointer
  ) throws(PKCS11Error) -> PKCS11TokenInfo {
    let before = try list()
    guard let free = before.first(where: { !$0.isInitialised }) else { throw .noFreeSlot }
    var padded = [UInt8](repeating: UInt8(ascii: " "), count: 32)
    guard (1...32).contains(label.utf8.count) else { throw .tooLarge(bytes: label.utf8.count, max: 32) }
    padded.replaceSubrange(0..<label.utf8.count, with: label.utf8)
    guard let initToken = functions.table.C_InitToken else { throw .missing("C_InitToken") }
    // The module does not write through the PIN's pointer; the header only lacks a const.
    try PKCS11Error.check(
      initToken(free.slot, UnsafeMutablePointer(mutating: officerPIN.pin), UInt(officerPIN.count), &padded),
      "C_InitToken")
    try setUserPIN(slot: free.slot, officerPIN: officerPIN, userPIN: userPIN)
    guard let made = try list().first(where: { $0.slot == free.slot && $0.isInitialised }) else { throw .tokenGone }
    return made
  }

  private func setUserPIN(
    slot: CK_SLOT_ID, officerPIN: UnsafeRawBufferPointer, userPIN: UnsafeRawBufferPointer
  ) throws(PKCS11Error) {
    let table = functions.table
    guard let open = table.C_OpenSession, let close = table.C_CloseSession, let login = table.C_Login,
      let initPIN = table.C_InitPIN, let logout = table.C_Logout
    else { throw .moduleUnusable(path: path, reason: "functions are missing") }
    var session: CK_SESSION_HANDLE = 0
    let flags = CK_FLAGS(CKF_SERIAL_SESSION | CKF_RW_SESSION)
    try PKCS11Error.check(open(slot, flags, nil, nil, &session), "C_OpenSession")
    defer { _ = close(session) }
    try PKCS11Error.check(
      login(session, CK_USER_TYPE(CKU_SO), UnsafeMutablePointer(mutating: officerPIN.pin), UInt(officerPIN.count)),
      "C_Login")
    defer { _ = logout(session) }
    try PKCS11Error.check(
      initPIN(session, UnsafeMutablePointer(mutating: userPIN.pin), UInt(userPIN.count)), "C_InitPIN")
  }
}

extension UnsafeRawBufferPointer {
  var pin: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension PKCS11TokenInfo {
  init(slot: CK_SLOT_ID, _ info: CK_TOKEN_INFO) {
    self.slot = UInt(slot)
    label = Self.text(info.label)
    serialNumber = Self.text(info.serialNumber)
    isInitialised = info.flags & CK_FLAGS(CKF_TOKEN_INITIALIZED) != 0
    isPINLocked = info.flags & CK_FLAGS(CKF_USER_PIN_LOCKED) != 0
    isPINCountLow = info.flags & CK_FLAGS(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY) != 0
  }

  /// A field of fixed width, filled up with blanks.
  private static func text(_ field: some Any) -> String {
    withUnsafeBytes(of: field) { bytes in
      var bytes = bytes[...]
      while let last = bytes.last, last == UInt8(ascii: " ") || last == 0 { bytes = bytes.dropLast() }
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
