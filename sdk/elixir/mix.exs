defmodule Countersign.MixProject do
  use Mix.Project

  def project do
    [
      app: :countersign,
      version: "0.1.0",
      elixir: "~> 1.14",
      description: "Proves to a Countersign support chat who is logged in, and verifies the requests that it sends",
      package: [licenses: ["Apache-2.0"], links: %{}, files: ["lib", "mix.exs", "README.md"]],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:crypto]]
end
