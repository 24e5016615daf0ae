import Glibc

/// The functions that turn a statistic into the probability of meeting one as far off or farther.
enum SpecialFunctions {
  private static let stepsMax = 100_000
  private static let precision = 1e-15

  /// The probability that a standard normal variable is at least as far from 0 as `value`.
  static func normalTails(_ value: Double) -> Double { erfc(abs(value) / 2.0.squareRoot()) }

  /// The standard normal distribution function.
  static func normal(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }

  /// The probability that chi-square with so many degrees of freedom is at least `value`.
  static func chiSquareTail(_ value: Double, degrees: Double) -> Double { upperGamma(degrees / 2, value / 2) }

  /// The regularised upper incomplete gamma function Q(a, x).
  ///
  /// - Source: the series and the continued fraction (evaluated by Lentz's method) of DLMF 8.7 and 8.9.
  static func upperGamma(_ a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 1 }
    let scale = exp(a * log(x) - x - logGamma(a))
    if x < a + 1 {
      var term = 1 / a
      var sum = term
      for step in 1..<stepsMax {
        term *= x / (a + Double(step))
        sum += term
        if term < sum * precision { break }
      }
      return max(0, 1 - scale * sum)
    }
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / b
    var fraction = d
    for step in 1..<stepsMax {
      let an = -Double(step) * (Double(step) - a)
      b += 2
      d = an * d + b
      if abs(d) < tiny { d = tiny }
      c = b + an / c
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      fraction *= d * c
      if abs(d * c - 1) < precision { break }
    }
    return min(1, scale * fraction)
  }

  /// ln Γ(a) for a > 0; the C library's with no global sign.
  private static func logGamma(_ a: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(a, &sign)
  }
}
