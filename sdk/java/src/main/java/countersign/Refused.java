package countersign;

/** A request is not from Countersign, or not from now. */
public final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  private final String reason;

  Refused(String reason, String message) {
    super("refused " + reason + ": " + message);
    this.reason = reason;
  }

  /** proof_missing, proof_malformed, proof_mismatch, token_expired or token_early. */
  public String reason() {
    return reason;
  }
}
