def demo(): raise NotImplementedError
