import Guomi
import Server

/// Whole records as the product seals them, random nonce and all.
enum CryptoRecords {
  static func lines(rounds: Int) throws -> [String] {
    let random = RandomSource(bytes: SystemSources.randomBytes)
    let secret = SecretBytes(copying: CryptoCase.key)
    let key = try SM4.GCMKey(secret, random: random)
    let session = try SM4.SessionSealer(secret, salt: [1, 2, 3, 4])
    let text = CryptoCase.text(1_024)
    let sealed = try key.seal(text, authenticating: CryptoCase.associated)
    return [
      line("seal 1 KB, warm key, random nonce (target 100,000)", rounds) {
        _ = try? key.seal(text, authenticating: CryptoCase.associated)
      },
      line("seal 1 KB in a session, counted nonce", rounds) {
        _ = try? session.seal(text, authenticating: CryptoCase.associated)
      },
      line("open 1 KB", rounds) { _ = try? key.open(sealed, authenticating: CryptoCase.associated) },
      line("expand a new key, open 1 KB", rounds) {
        _ = try? SM4.GCMKey(secret, random: random).open(sealed, authenticating: CryptoCase.associated)
      },
    ]
  }

  private static func line(_ name: String, _ rounds: Int, _ step: () -> Void) -> String {
    let rate = CryptoRow.median((0..<rounds).map { _ in CryptoRow.rate(step, 1) * 1e6 })
    return "| \(name) | \(CryptoRow.number(rate, 0)) |"
  }
}
