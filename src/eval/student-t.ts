/**
 * The distribution of Student's t, for one test alone: the packages that have it bring hundreds of others or are no
 * longer kept. Formulas: NIST Digital Library of Mathematical Functions, 8.17 (incomplete beta) and 5.11 (gamma).
 */

/** The probability of a t at least as far from 0 as `t`, on both sides: I_x(df/2, 1/2) with x = df / (df + t²). */
export function twoSidedT(t: number, degrees: number): number {
  if (t === 0) return 1;
  if (!Number.isFinite(t)) return 0;
  const whole = degrees + t * t;
  return incompleteBeta(degrees / whole, (t * t) / whole, degrees / 2, 0.5);
}

/** I_x(a, b), the regularised incomplete beta function, for 0 < x < 1; `rest` is 1 - x without its cancellation. */
function incompleteBeta(x: number, rest: number, a: number, b: number): number {
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(rest);
  const front = Math.exp(logFront);
  // The fraction converges fast on this side only; the other one is its mirror (8.17.4).
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(rest, b, a)) / b;
}

/** The continued fraction 8.17.22, by the modified method of Lentz. */
function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let above = 1;
  let below = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = below;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let factor = 1;
    for (const term of [even, odd]) {
      below = 1 / away(1 + term * below);
      above = away(1 + term / above);
      factor = below * above;
      fraction *= factor;
    }
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return fraction;
}

/** ln Γ(x) for x > 0: Stirling's series (5.11.1) after the argument is raised to where six terms are enough. */
function logGamma(x: number): number {
  let raised = x;
  let product = 1;
  while (raised < 12) product *= raised++;
  const inverse = 1 / (raised * raised);
  const series =
    (1 / 12 -
      inverse *
        (1 / 360 -
          inverse * (1 / 1260 - inverse * (1 / 1680 - inverse * (1 / 1188 - (inverse * 691) / 360360))))) /
    raised;
  return (
    (raised - 0.5) * Math.log(raised) - raised + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
  );
}
