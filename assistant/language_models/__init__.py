"""The models that answer, all behind LangChain's chat model seam."""
