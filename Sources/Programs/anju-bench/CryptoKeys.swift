import COpenSSL
import Guomi
import Server

/// Signatures, agreements and derivations a second, beside OpenSSL where it has the same.
///
/// SM2's points are OpenSSL's in ours too: the ratio says what our scalars, nonces and checks cost or save.
enum CryptoKeys {
  static let heading = "\nOperations a second, one core\n\n| what | ours | OpenSSL | ratio |\n|---|---|---|---|"

  static func lines(rounds: Int) throws -> [String] {
    let random = try HashDRBG(entropy: RandomSource(bytes: SystemSources.randomBytes)).source
    let text = CryptoCase.text(100)
    let signing = try SM2.SigningKey.generate(random: random)
    let signature = try signing.sign(text, random: random)
    let opening = try SM2.DecryptionKey.generate(random: random)
    let key = SecretBytes(copying: CryptoCase.text(32))
    let sealed = try opening.encryptionKey.encrypt(key, random: random)
    let share = try SM2.AgreementKey.generate(random: random).share
    let peer = OpenSSLKeys(text)
    let label = Array("LZGY-SK-1".utf8), context = CryptoCase.text(64)
    let ready = HMACSM3(key: key)
    return [
      line("SM2 sign 100 B", rounds, { _ = try? signing.sign(text, random: random) }, peer.map { $0.sign }),
      line(
        "SM2 verify 100 B", rounds, { _ = signing.verifyingKey.isValid(signature, for: text) },
        peer.map { $0.verify }),
      line("SM2 encrypt 32 B", rounds, { _ = try? opening.encryptionKey.encrypt(key, random: random) }, nil),
      line("SM2 decrypt 32 B", rounds, { _ = try? opening.decrypt(sealed) }, nil),
      line(
        "SM2 ephemeral agreement, one side", rounds,
        { _ = try? SM2.AgreementKey.generate(random: random).agree(with: share) }, nil),
      line(
        "KBKDF (HMAC-SM3), 32 B, fresh key", rounds,
        { _ = KBKDF.derive(secret: key, label: label, context: context, byteCount: 32) },
        OpenSSLDerivation(CryptoCase.text(32), label, context).map { $0.derive }),
      line(
        "KBKDF (HMAC-SM3), 32 B, ready key", rounds,
        { _ = KBKDF.derive(key: ready, label: label, context: context, byteCount: 32) }, nil),
    ]
  }

  private static func line(
    _ name: String, _ rounds: Int, _ ours: () -> Void, _ theirs: (() -> Void)?
  ) -> String {
    var own: [Double] = [], other: [Double] = []
    for _ in 0..<rounds {
      own.append(CryptoRow.rate(ours, 1) * 1e6)
      if let theirs { other.append(CryptoRow.rate(theirs, 1) * 1e6) }
    }
    let beside =
      other.isEmpty
      ? "– | –"
      : CryptoRow.number(CryptoRow.median(other), 0) + " | "
        + CryptoRow.number(CryptoRow.median(zip(own, other).map { $0 / $1 }), 2) + " ×"
    return "| \(name) | \(CryptoRow.number(CryptoRow.median(own), 0)) | \(beside) |"
  }
}

/// SM2 through EVP, with the default distinguishing id, as a program would call it. Kept until the program ends.
private final class OpenSSLKeys {
  private let key: OpaquePointer
  private let text: [UInt8]
  private var signature = [UInt8](repeating: 0, count: 128)
  private var count = 0

  /// Nil when this OpenSSL has no SM2.
  init?(_ text: [UInt8]) {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, "SM2", nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var made: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_generate(context, &made) == 1, let made else { return nil }
    key = made
    self.text = text
    sign()
    guard count > 0 else { return nil }
  }

  private func withContext(_ body: (OpaquePointer) -> Void) {
    guard let context = EVP_MD_CTX_new(), let keyContext = EVP_PKEY_CTX_new(key, nil) else { return }
    defer {
      EVP_MD_CTX_free(context)
      EVP_PKEY_CTX_free(keyContext)
    }
    guard EVP_PKEY_CTX_set1_id(keyContext, SM2.defaultID, Int32(SM2.defaultID.count)) == 1 else { return }
    EVP_MD_CTX_set_pkey_ctx(context, keyContext)
    body(context)
  }

  func sign() {
    withContext { context in
      count = signature.count
      let isDone =
        EVP_DigestSignInit(context, nil, EVP_sm3(), nil, key) == 1
        && EVP_DigestSign(context, &signature, &count, text, text.count) == 1
      if !isDone { count = 0 }
    }
  }

  func verify() {
    withContext { context in
      let isValid =
        EVP_DigestVerifyInit(context, nil, EVP_sm3(), nil, key) == 1
        && EVP_DigestVerify(context, signature, count, text, text.count) == 1
      precondition(isValid, "OpenSSL verifies what it signed")
    }
  }
}

/// KBKDF through EVP_KDF, fetched once.
private final class OpenSSLDerivation {
  private let algorithm: OpaquePointer
  private let parts: [(name: String, bytes: [UInt8], isText: Bool)]
  private var output = [UInt8](repeating: 0, count: 32)

  init?(_ key: [UInt8], _ label: [UInt8], _ context: [UInt8]) {
    guard let algorithm = EVP_KDF_fetch(nil, "KBKDF", nil) else { return nil }
    self.algorithm = algorithm
    parts = [
      ("mode", Array("counter".utf8), true), ("mac", Array("HMAC".utf8), true), ("digest", Array("SM3".utf8), true),
      ("key", key, false), ("salt", label, false), ("info", context, false),
    ]
    derive()
    let ours = KBKDF.derive(secret: SecretBytes(copying: key), label: label, context: context, byteCount: 32)
    guard ours == SecretBytes(copying: output) else { return nil }
  }

  func derive() {
    guard let context = EVP_KDF_CTX_new(algorithm) else { return }
    defer { EVP_KDF_CTX_free(context) }
    // The parameters point into these copies until the call returns.
    var held: [(UnsafeMutablePointer<CChar>, UnsafeMutableRawBufferPointer)] = []
    defer {
      for (name, bytes) in held {
        name.deallocate()
        bytes.deallocate()
      }
    }
    var parameters: [OSSL_PARAM] = []
    for part in parts {
      let name = UnsafeMutablePointer<CChar>.allocate(capacity: part.name.utf8.count + 1)
      for (index, letter) in (Array(part.name.utf8) + [0]).enumerated() { name[index] = CChar(letter) }
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: part.bytes.count + 1, alignment: 8)
      bytes.copyBytes(from: part.bytes + [0])
      held.append((name, bytes))
      parameters.append(
        part.isText
          ? OSSL_PARAM_construct_utf8_string(name, bytes.bindMemory(to: CChar.self).baseAddress, part.bytes.count)
          : OSSL_PARAM_construct_octet_string(name, bytes.baseAddress, part.bytes.count))
    }
    parameters.append(OSSL_PARAM_construct_end())
    _ = EVP_KDF_derive(context, &output, output.count, parameters)
  }
}
