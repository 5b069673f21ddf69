variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "talos_version" {
  description = "Talos version of the image."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes version, handed on beside the Talos version."
  type        = string
}

variable "extensions" {
  description = "Official system extensions."
  type        = list(string)
}

variable "kernel_args" {
  description = "Kernel arguments. They are part of the image: machines that start from a unified kernel image ignore those of the configuration."
  type        = list(string)
}

variable "image_storage" {
  description = "Storage for ISO images: a shared one, or one of the same name on every host, such as local."
  type        = string
}
