variable "kubeconfig" {
  description = "Output of the bootstrap stage."
  type        = string
  sensitive   = true
  default     = "mock"
}

variable "sops_age_key" {
  description = "Text of the age key file. It is ephemeral: neither plan nor state holds it."
  type        = string
  ephemeral   = true
  default     = "mock"
}

variable "github_app_key" {
  description = "Text of the .pem file that GitHub made for the app."
  type        = string
  ephemeral   = true
  default     = "mock"
}

resource "flux_instance" "this" {
  provider = talos

  distribution = {
    version  = "2.7.5"
    registry = "ghcr.io/fluxcd"
  }
  components = [
    "source-controller", "kustomize-controller", "helm-controller", "notification-controller",
    "image-reflector-controller", "image-automation-controller",
  ]
  cluster = { type = "kubernetes", size = "medium" }

  sync = {
    url            = "https://github.com/example/gitops.git"
    ref            = "refs/heads/main"
    path           = "kubernetes/clusters/cluster-101"
    provider       = "github"
    retry_interval = "10s"
  }
  # A public repository needs neither this nor the provider above.
  git_auth = {
    github_app = {
      app_id                 = 123456
      installation_id        = 78901234
      private_key_wo         = var.github_app_key
      private_key_wo_version = 1
    }
  }
  sops = {
    age_key_wo         = var.sops_age_key
    age_key_wo_version = 1
  }

  # What has no attribute is a patch of what the operator makes.
  kustomize_patches = [{
    target = { kind = "Deployment", label_selector = "app.kubernetes.io/part-of=flux" }
    patch  = <<-YAML
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: { name: KUBERNETES_SERVICE_HOST, value: 10.101.0.10 }
    YAML
  }]

  kubernetes = { kubeconfig = var.kubeconfig }
}

output "flux_ready" {
  value = flux_instance.this.ready
}

output "sync_path" {
  value = flux_instance.this.sync_path
}
