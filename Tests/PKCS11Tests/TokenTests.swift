import Foundation
import PKCS11
import TestSupport
import Testing

@Suite("A PKCS #11 token (SoftHSM2)")
struct TokenTests {
  static func made(_ label: String, pin: String = "1234-5678") throws -> (PKCS11Module, PKCS11TokenInfo) {
    _ = SoftToken.folder
    let module = try PKCS11Module.load(path: SoftToken.modulePath)
    let info = try Array("officer-\(label)".utf8).withUnsafeBytes { officer in
      try Array(pin.utf8).withUnsafeBytes { try module.initialiseToken(label: label, officerPIN: officer, userPIN: $0) }
    }
    return (module, info)
  }

  static func opened(_ label: String, pin: String = "1234-5678") throws -> PKCS11Token {
    let (module, info) = try made(label, pin: pin)
    return try Array(pin.utf8).withUnsafeBytes {
      try PKCS11Token.open(module, serialNumber: info.serialNumber, pin: $0)
    }
  }

  static func seal(_ token: PKCS11Token, _ text: String, _ key: String, _ associated: String) throws -> [UInt8] {
    try Array(text.utf8).withUnsafeBytes { try token.seal($0, key: key, associated: Array(associated.utf8)) }
  }

  static func open(_ token: PKCS11Token, _ sealed: [UInt8], _ key: String, _ associated: String) throws -> String {
    try token.open(sealed, key: key, associated: Array(associated.utf8)) { String(decoding: $0, as: UTF8.self) }
  }

  @Test("seals and opens under a key that never leaves it", .clause("9.2.2a"))
  func seals() throws {
    let token = try Self.opened("seals")
    try token.generateKey(label: "kek-1")
    let sealed = try Self.seal(token, "a data key", "kek-1", "organisation|purpose")
    #expect(sealed.count == 10 + PKCS11Token.overheadBytes)
    #expect(!sealed.contains(Array("a data key".utf8)))
    #expect(try Self.open(token, sealed, "kek-1", "organisation|purpose") == "a data key")
    #expect(try Self.seal(token, "a data key", "kek-1", "organisation|purpose") != sealed)
    #expect(try token.random(32) != token.random(32))
  }

  @Test("says plainly that a ciphertext or what it is bound to was changed")
  func changed() throws {
    let token = try Self.opened("changed")
    try token.generateKey(label: "kek")
    try token.generateKey(label: "other")
    let sealed = try Self.seal(token, "a data key", "kek", "here")
    #expect(throws: PKCS11Error.notAuthentic) { try Self.open(token, sealed, "kek", "there") }
    #expect(throws: PKCS11Error.notAuthentic) { try Self.open(token, sealed, "other", "here") }
    for index in [0, 12, sealed.count - 1] {
      var bad = sealed
      bad[index] ^= 1
      #expect(throws: PKCS11Error.notAuthentic) { try Self.open(token, bad, "kek", "here") }
    }
    #expect(throws: PKCS11Error.notAuthentic) { try Self.open(token, Array(sealed.prefix(27)), "kek", "here") }
    // Failures do not use the sessions up.
    for _ in 0..<20 { #expect(throws: PKCS11Error.notAuthentic) { try Self.open(token, sealed, "kek", "there") } }
    #expect(try Self.open(token, sealed, "kek", "here") == "a data key")
  }

  @Test("has one key a label, and none after it was destroyed")
  func keys() throws {
    let token = try Self.opened("keys")
    #expect(try !token.hasKey(label: "kek"))
    #expect(throws: PKCS11Error.keyMissing("kek")) { try Self.seal(token, "x", "kek", "here") }
    try token.generateKey(label: "kek")
    #expect(throws: PKCS11Error.keyExists("kek")) { try token.generateKey(label: "kek") }
    let sealed = try Self.seal(token, "x", "kek", "here")
    try token.destroyKey(label: "kek")
    #expect(throws: PKCS11Error.keyMissing("kek")) { try Self.open(token, sealed, "kek", "here") }
    #expect(throws: PKCS11Error.keyMissing("kek")) { try token.destroyKey(label: "kek") }
  }

  @Test("takes no wrong PIN")
  func pin() throws {
    let (module, info) = try Self.made("pin")
    for _ in 0..<3 {
      #expect(throws: PKCS11Error.pinWrong) {
        try Array("wrong-pin".utf8).withUnsafeBytes {
          try PKCS11Token.open(module, serialNumber: info.serialNumber, pin: $0)
        }
      }
    }
    let now = try #require(try module.tokens().first { $0.serialNumber == info.serialNumber })
    // SoftHSM2 counts, and warns, but never locks: whoever uses it must slow guesses down itself.
    #expect(now.isPINCountLow && !now.isPINLocked)
    let token = try Array("1234-5678".utf8).withUnsafeBytes {
      try PKCS11Token.open(module, serialNumber: info.serialNumber, pin: $0)
    }
    try token.checkPresence()
  }

  @Test("that is unknown, or a module that is none, is said by name")
  func unknown() throws {
    let (module, _) = try Self.made("unknown")
    #expect(throws: PKCS11Error.tokenUnknown("0000")) {
      try [UInt8](repeating: 1, count: 8).withUnsafeBytes {
        try PKCS11Token.open(module, serialNumber: "0000", pin: $0)
      }
    }
    #expect(throws: PKCS11Error.self) { try PKCS11Module.load(path: "/nowhere/module.so") }
    #expect(throws: PKCS11Error.self) { try PKCS11Module.load(path: "/lib/x86_64-linux-gnu/libc.so.6") }
  }

  @Test("that was closed is gone")
  func closed() throws {
    let token = try Self.opened("closed")
    try token.generateKey(label: "kek")
    token.close()
    #expect(throws: PKCS11Error.tokenGone) { try token.checkPresence() }
    #expect(throws: PKCS11Error.tokenGone) { try Self.seal(token, "x", "kek", "here") }
  }

  @Test("serves several threads at once")
  func threads() async throws {
    let token = try Self.opened("threads")
    try token.generateKey(label: "kek")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<16 {
        group.addTask {
          let sealed = try Self.seal(token, "secret \(number)", "kek", "row \(number)")
          return try Self.open(token, sealed, "kek", "row \(number)") == "secret \(number)"
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}
